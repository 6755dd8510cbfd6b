"""Whether the files that a worker leaves are whole.

A disk that fills up cuts a file short, and not every tool looks: Paddle's save writes what there is room for and
reports nothing. So each file is held against the lengths that its format states, or read by its reader.
"""

import json
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from edgeworker.refusal import Refusal

LOD_TENSOR = 7  # framework.proto, VarType.Type
# onnx.proto, ModelProto: the fields that every model has.
IR_VERSION, GRAPH, OPSET_IMPORT = 1, 7, 8
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # the wire types of protobuf


class NotWhole(Exception):
    """A file ends before its format says; the text names it."""


def check_whole(folder: Path) -> None:
    """Raise NotWhole for the first file below `folder` that is cut short. Formats that are not known here pass."""
    for path in sorted(folder.rglob("*")):
        if (check := CHECKS.get(path.suffix)) is not None and path.is_file():
            try:
                check(path)
            except NotWhole as error:
                raise NotWhole(f"{path.name} was not written whole: {error}") from None


def check_safetensors(path: Path) -> None:
    """A header with its length, then the tensors: the last one ends the file."""
    with path.open("rb") as file:
        size = path.stat().st_size
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > size - 8:
            raise NotWhole(f"it has {size} bytes, and its header takes {length}")
        tensors = parsed_json(file.read(length))
    ends = [one["data_offsets"][1] for name, one in tensors.items() if name != "__metadata__"]
    end = 8 + length + max(ends, default=0)
    if end != size:
        raise NotWhole(f"it has {size} of {end} bytes")


def check_onnx(path: Path) -> None:
    """The fields of the message, one after another, end where the file ends, and none is missing."""
    found = set()
    size = path.stat().st_size
    with path.open("rb") as file:
        while file.tell() < size:
            tag = varint(file)
            found.add(tag >> 3)
            kind = tag & 7
            if kind == VARINT:
                varint(file)
            elif kind in (FIXED64, LENGTH, FIXED32):
                file.seek({FIXED64: 8, FIXED32: 4}.get(kind) or varint(file), 1)
            else:
                raise NotWhole(f"it is no ONNX model at byte {file.tell()}")
        if file.tell() != size:
            raise NotWhole(f"it has {size} of {file.tell()} bytes")
    if not {IR_VERSION, GRAPH, OPSET_IMPORT} <= found:
        raise NotWhole(f"it ends after {size} bytes, before the model does")


def varint(file: BinaryIO) -> int:
    """A number in protobuf's encoding: seven bits a byte, the lowest first."""
    value = 0
    for place in range(10):
        byte = file.read(1)
        if not byte:
            raise NotWhole("it ends within a number")
        value |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return value
    raise NotWhole(f"it holds no number at byte {file.tell()}")


def check_paddle_parameters(path: Path) -> None:
    """As many tensors as the program beside it declares; one of Paddle 3 is taken at its whole tensors."""
    # Imported where it is needed: other workers have no protobuf.
    from edgeworker.paddle_program import read_program
    from edgeworker.parameter_files import read_all_tensors, read_tensors

    program = path.with_suffix(".pdmodel")
    try:
        if not program.is_file():
            read_all_tensors(path)
            return
        names = sorted(
            variable.name
            for variable in read_program(program).blocks[0].vars
            if variable.persistable and variable.type.type == LOD_TENSOR
        )
        if names or path.stat().st_size:
            read_tensors(path, names)
    except Refusal as refusal:
        raise NotWhole(refusal.message) from None


def check_paddle_program(path: Path) -> None:
    """A program with its operators."""
    from edgeworker.paddle_program import read_program

    try:
        read_program(path)
    except Refusal as refusal:
        raise NotWhole(refusal.message) from None


def check_ir(path: Path) -> None:
    """OpenVINO's XML to its last tag, and every constant within the `.bin` beside it."""
    weights = path.with_suffix(".bin")
    try:
        layers = ElementTree.parse(path).getroot().iter("layer")
        constants = [data for layer in layers if layer.get("type") == "Const" for data in layer.iter("data")]
        end = max((int(data.get("offset", 0)) + int(data.get("size", 0)) for data in constants), default=0)
    except (ElementTree.ParseError, ValueError) as error:
        raise NotWhole(str(error)) from None
    size = weights.stat().st_size if weights.is_file() else 0
    if size < end:
        raise NotWhole(f"{weights.name} has {size} of {end} bytes")


def check_json(path: Path) -> None:
    """One document."""
    parsed_json(path.read_bytes())


def parsed_json(text: bytes) -> dict:
    """What a JSON text says. Raises NotWhole where it is none."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise NotWhole(f"it is no JSON ({error})") from None


CHECKS: dict[str, Callable[[Path], None]] = {
    ".safetensors": check_safetensors,
    ".onnx": check_onnx,
    ".pdiparams": check_paddle_parameters,
    ".pdmodel": check_paddle_program,
    ".xml": check_ir,
    ".json": check_json,
}
