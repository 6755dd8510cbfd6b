"""A bundle on disk: one safetensors file, checked from its first byte before anything in it is used."""

import os
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from edgekit.artifact.write import locked
from edgekit.errors import UsageError
from edgekit.filesystem.owned import check_file, write_whole
from edgekit.filesystem.writing import disk_errors
from edgekit.reference.description import SCHEMA, Description
from edgekit.reference.tensors import LEVELS, OUTPUT, PALETTE, VALUES, pack_inputs, tensor_sha256, unpack_inputs
from edgekit.untrusted.files import open_regular, read_bytes
from edgekit.untrusted.json_document import decode_json
from edgekit.untrusted.values import Unusable
from edgekit.untrusted.wording import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

SUFFIX = ".safetensors"
KEY = "edgekit_reference"
WHAT = "reference bundle"
# 4096 samples of 1000 classes are 16 MB; inputs of 1024 px, which nobody needs to send, 30 MB.
LARGEST_BYTES = 64 << 20
LARGEST_HEADER = 1 << 20
AGAIN = "Get it again from whoever recorded it, or record one: edgekit reference record."


class _Schema(Struct):
    """What every description has, of whatever edgekit."""

    schema: int
    edgekit: str


@dataclass(frozen=True)
class Bundle:
    """A bundle whose description has been read; `path` is its file. Tensors are checked when they are read."""

    path: Path
    description: Description

    @property
    def name(self) -> str:
        """What `list` calls it: its file without the suffix."""
        return self.path.name.removesuffix(SUFFIX)

    @cached_property
    def outputs(self) -> "dict[str, np.ndarray]":
        """Every output, float32 [samples, ...] by name. Raises UsageError where they are not what the bundle says."""
        return check_tensors(read_bytes(self.path, LARGEST_BYTES, WHAT, AGAIN), self.description, self.path)


def open_bundle(path: Path) -> Bundle:
    """The bundle in a file, its description checked and its tensors not yet read.

    Raises UsageError, naming what is wrong, for what is no bundle.
    """
    return Bundle(path, read_description(read_header(path), path))


def read_header(path: Path) -> bytes:
    """The JSON header of a safetensors file. Raises UsageError where the file is too large or too short for one."""
    with open_regular(path, WHAT) as stream:
        if (size := os.fstat(stream.fileno()).st_size) > LARGEST_BYTES:
            raise UsageError(f"{path} is too large for a reference bundle: {size:,} bytes", AGAIN)
        return header_of(stream.read(8 + LARGEST_HEADER), path)


def header_of(start: bytes, path: Path) -> bytes:
    """The header at the start of a safetensors file, whose first eight bytes give its length."""
    length = struct.unpack("<Q", start[:8])[0] if len(start) >= 8 else 0
    # The length is a stranger's number: nothing is allocated by it.
    if not 0 < length <= min(LARGEST_HEADER, len(start) - 8):
        raise UsageError(f"{path} is no whole safetensors file of a reference bundle's size", AGAIN)
    return start[8 : 8 + length]


def read_description(header: bytes, path: Path) -> Description:
    """What a header says of the bundle. Raises UsageError where it says nothing, or something impossible."""
    try:
        metadata = decode_json(header, dict).get("__metadata__", {})
    except Unusable as error:
        raise UsageError(f"{path} is no safetensors file ({error})", AGAIN) from None
    said = metadata.get(KEY) if isinstance(metadata, dict) else None
    if not isinstance(said, str):
        raise UsageError(f"{path} is a safetensors file, and no reference bundle of edgekit", AGAIN)
    try:
        known = decode_json(said.encode(), _Schema)
        if known.schema > SCHEMA:
            raise UsageError(f"{path} was written by a newer edgekit ({known.edgekit[:40]})", "Update edgekit.")
        return decode_json(said.encode(), Description)
    except Unusable as error:
        raise UsageError(f"the description in {path} is impossible: {error}", AGAIN) from None


def checked_bundle(path: Path) -> tuple[Bundle, bytes]:
    """A bundle with everything in it checked, and its bytes: those that were checked, whatever the file is now.

    Raises UsageError, naming what is wrong.
    """
    content = read_bytes(path, LARGEST_BYTES, WHAT, AGAIN)
    bundle = Bundle(path, read_description(header_of(content, path), path))
    check_tensors(content, bundle.description, path)
    return bundle, content


def check_tensors(content: bytes, description: Description, path: Path) -> "dict[str, np.ndarray]":
    """The outputs in a bundle's bytes, compared with its description; its inputs too, where they are stored.

    Raises UsageError for a tensor too many or too few, another type, shape or hash, and values that are not finite.
    """
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        # The library checks every offset against the file's own length.
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no whole safetensors file ({harmless(str(error)[:120])})", AGAIN) from None
    wanted = {OUTPUT + name for name in description.outputs}
    if description.inputs.stored:
        wanted |= {part + name for part in (LEVELS, PALETTE, VALUES) for name in description.inputs.shapes}
    if set(tensors) != wanted:
        strange = ", ".join(sorted(harmless(name[:60]) for name in set(tensors) ^ wanted)[:5])
        raise UsageError(f"{path} does not hold the tensors that it describes ({strange})", AGAIN)
    outputs: dict[str, np.ndarray] = {}
    for name, part in description.outputs.items():
        tensor = tensors[OUTPUT + name]
        if tensor.dtype != np.float32 or tensor.shape != part.shape:
            raise UsageError(
                f"the output {name} in {path} is {tensor.dtype} {list(tensor.shape)}, not as described", AGAIN
            )
        if not np.isfinite(tensor).all():
            raise UsageError(f"the output {name} in {path} holds NaN or infinity", AGAIN)
        if tensor_sha256(name, tensor) != part.sha256:
            raise UsageError(f"the output {name} in {path} has been changed: its hash is another", AGAIN)
        outputs[name] = tensor
    if description.inputs.stored:
        check_inputs(tensors, description, path)
    return outputs


def check_inputs(tensors: "Mapping[str, np.ndarray]", description: Description, path: Path) -> None:
    """Raise UsageError where the stored inputs are not the ones whose hash the description gives."""
    from edgekit.inputs.golden import GoldenInputs

    part = description.inputs
    try:
        inputs = unpack_inputs(tensors)
    except ValueError as error:
        raise UsageError(f"the inputs in {path} are damaged: {harmless(str(error)[:120])}", AGAIN) from None
    if GoldenInputs(inputs, part.labels, part.kinds).samples_sha256 != part.samples_sha256:
        raise UsageError(f"the inputs in {path} have been changed: their hash is another", AGAIN)


def write_bundle(
    path: Path,
    description: Description,
    outputs: "Mapping[str, np.ndarray]",
    inputs: "Mapping[str, np.ndarray] | None" = None,
) -> None:
    """Write a bundle whole or not at all. The same description and tensors give the same bytes.

    `description.outputs` and `inputs.stored` must be those of `outputs` and `inputs`. Raises UsageError where the
    description is one that no reader would take (an overlong name), ConversionError where the disk does not take it.
    """
    import msgspec
    import numpy as np
    from safetensors.numpy import save

    tensors = {OUTPUT + name: np.ascontiguousarray(value, dtype=np.float32) for name, value in outputs.items()}
    if inputs is not None:
        tensors |= pack_inputs(inputs)
    said = msgspec.json.encode(description)
    try:
        msgspec.json.decode(said, type=Description)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"the bundle cannot be described: {error}", "Give the model and its files plain names."
        ) from None
    write_bytes(path, save(tensors, {KEY: said.decode()}))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a bundle's bytes whole or not at all; an earlier bundle is replaced.

    Raises UsageError where a file is there that is none, ConversionError where the disk does not take it.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path):
            check_place(path)
            write_whole(path, content)


def check_place(path: Path) -> None:
    """Raise UsageError where something else than a bundle lies where one is to be written."""
    check_file(path, "reference bundle", lambda start: b'"' + KEY.encode() + b'"' in start)
