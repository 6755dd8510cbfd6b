"""The header of a safetensors file from a stranger: what its bytes claim, checked before a tensor is touched.

The format (https://github.com/huggingface/safetensors#format): eight bytes with the header's length, little endian; the
header, a JSON table from names to `dtype`, `shape` and `data_offsets`; the tensors' bytes, without gaps.
"""

import os
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from edgekit.errors import UsageError
from edgekit.untrusted.files import open_regular
from edgekit.untrusted.json_document import plain_json
from edgekit.untrusted.values import Unusable
from edgekit.untrusted.wording import harmless

LARGEST_BYTES = 8 << 20
"""Of a header: 60,000 tensors, twenty times more than the largest classifier has."""
MOST_DIMENSIONS = 32
BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32, "C64": 64, "U64": 64, "I64": 64, "F64": 64,
}  # fmt: skip
"""Of one value, by the types that safetensors names."""


@dataclass(frozen=True)
class Header:
    """What a file says of its tensors: dtype and shape by name; and its `metadata`."""

    tensors: dict[str, tuple[str, tuple[int, ...]]]
    metadata: dict[str, str]


def read_header(path: Path, largest: int = LARGEST_BYTES, what: str = "weights file") -> Header:
    """The checked header of a safetensors file. Raises UsageError, in one sentence that names the file."""
    with open_regular(path, what) as stream:
        size = os.fstat(stream.fileno()).st_size
        # The length is a stranger's number: nothing is allocated by it.
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        try:
            if not 2 <= length <= size - 8:
                raise Unusable("its length does not fit its header")
            if length > largest:
                raise Unusable(f"its header is longer than {largest >> 20} MiB")
            return checked_header(stream.read(length), size - 8 - length)
        except Unusable as error:
            raise UsageError(
                f"{path} is not a whole safetensors file ({error})", "Copy or download it again."
            ) from None


def checked_header(header: bytes, data_bytes: int) -> Header:
    """A header whose tensors fill `data_bytes` exactly, each as large as its shape asks for. Raises Unusable."""
    document = plain_json(header)
    if not isinstance(document, dict):
        raise Unusable("its header is no table")
    metadata = document.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise Unusable("its metadata are not all text")
    tensors, places = {}, []
    for name, said in document.items():
        kind, shape, begin, end = _tensor(name, said)
        tensors[name] = (kind, shape)
        places.append((begin, end))
    reached = 0
    for begin, end in sorted(places):
        if begin != reached:
            raise Unusable("its tensors overlap, or leave a gap")
        reached = end
    if reached != data_bytes:
        raise Unusable(f"its tensors take {reached} bytes, and it has {data_bytes}")
    return Header(tensors, metadata)


def _tensor(name: str, said: Any) -> tuple[str, tuple[int, ...], int, int]:
    """Type, shape, first byte and end of one tensor."""
    named = f'its tensor "{harmless(name, 60)}"'
    if not isinstance(said, dict) or set(said) != {"dtype", "shape", "data_offsets"}:
        raise Unusable(f"{named} is not described by dtype, shape and data_offsets")
    kind, shape, offsets = said["dtype"], said["shape"], said["data_offsets"]
    if not isinstance(kind, str) or kind not in BITS:
        raise Unusable(f"{named} is of no known type")
    if not _counts(shape) or len(shape) > MOST_DIMENSIONS or not _counts(offsets) or len(offsets) != 2:
        raise Unusable(f"{named} has an impossible shape or place")
    begin, end = offsets
    if end - begin != prod(shape) * BITS[kind] // 8 or end < begin:
        raise Unusable(f"{named} has {end - begin} bytes, which its shape does not fit")
    return kind, tuple(shape), begin, end


def _counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(one) is int and one >= 0 for one in value)
