"""Reads a `.mnn` file: its operators, and every number that it stores. Writes such a file too.

The file is checked as it is read: each access is bounded, a field or a table that the schema does not have is refused,
and so is a byte that nothing in the file leads to. So what the reader has not seen is not in the file.
"""

import math
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.flat_reader import Damaged, Table
from edgeworker.flat_tables import Value, read_table, write_root
from edgeworker.refusal import Refusal
from mnn_schema import OPERATORS, PARAMETERS, SCHEMA, UNARY

# Type.fbs: DataType, and the field of a Blob that holds such values.
TYPES = {
    1: ("<f4", "float32s"),
    3: ("<i4", "int32s"),
    4: ("<u1", "uint8s"),
    6: ("<i1", "int8s"),
    9: ("<i8", "int64s"),
    10: ("<i4", "int32s"),
    19: ("<f2", "uint8s"),
}
# IDSTQuan.type: how the weights of a convolution are kept, where it is not as floats.
IN_FEW_BITS, IN_HALVES = 1, 3
LEVELS = np.arange(-128, 128, dtype=np.int8)
CUBIC = 3  # the resizeType of an Interp that reads its coefficient; others are nearest and bilinear
INPUT = next(number for number, name in OPERATORS.items() if name == "Input")
OPEN = -1  # the extent of what may have any
PADDING = 16  # bytes at most that FlatBuffers leaves between two things, all of them zeros
ID_CHARACTERS = 36


@dataclass(frozen=True)
class EightBits:
    """Weights in 8 bits: integers [channels, values], each `(integer + 128) * scale + lowest` of its channel."""

    integers: np.ndarray
    lowest: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True)
class Operator:
    """One operator: `inputs` and `outputs` are names of tensors; `parameters` the table that describes it."""

    name: str
    type: str
    inputs: list[str]
    outputs: list[str]
    table: str
    parameters: Value

    @property
    def title(self) -> str:
        """Its type, more exactly for one of a kind, and its name."""
        return f"{self.type} {self.name}"

    def tensors(self) -> dict[str, np.ndarray | EightBits]:
        """The arrays that it stores, by their fields' names; views of the file.

        Raises Damaged where one does not fit what describes it.
        """
        try:
            return dict(_tensors(self.table, self.parameters))
        except Damaged as damaged:
            raise Damaged(f"{self.title}: {damaged}") from None

    def numbers(self) -> dict[str, list[float]]:
        """The floating-point numbers that describe it, without those that it does not read."""
        found = {name: [value] for name, value in _plain(self.parameters).items() if isinstance(value, float)}
        if self.table == "Interp" and self.parameters.get("resizeType") != CUBIC:
            found.pop("cubicCoeffA", None)
        return found

    def attributes(self) -> dict[str, str]:
        """What describes it, for people."""
        found = {name: str(value) for name, value in _plain(self.parameters).items()}
        if self.table == "UnaryOp" and (number := self.parameters.get("opType", 0)) < len(UNARY):
            found["opType"] = UNARY[number]
        return found


@dataclass(frozen=True)
class MnnFile:
    """A network: its operators in the order of computation, `inputs` with their shapes, and `outputs`."""

    operators: list[Operator]
    inputs: dict[str, list[int]]
    outputs: list[str]
    root: Value

    @classmethod
    def read(cls, path: Path) -> "MnnFile":
        """Raises Refusal (input) for a file that is damaged, or holds what is not known here."""
        if not path.stat().st_size:
            raise Refusal(f"{path.name} cannot be read: it is empty", kind="input")
        with path.open("rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        try:
            return cls.parse(content)
        except Damaged as damaged:
            raise Refusal(f"{path.name} cannot be read: {damaged}", kind="input") from damaged

    @classmethod
    def parse(cls, content: memoryview) -> "MnnFile":
        """Of a file's bytes. Raises Damaged."""
        seen: set[tuple[int, int]] = {(0, 4)}
        root = read_table(SCHEMA, "Net", Table.root(content, seen), strict=True)
        _check_all_seen(content, seen)
        if root.get("subgraphs"):
            raise Damaged("it has branches or loops of their own networks, whose layout is not known")
        names = root.get("tensorName", [])
        operators = [_operator(one, names) for one in root.get("oplists", [])]
        inputs = {
            one.outputs[0]: list(one.parameters.get("dims", []))
            for one in operators
            if one.type == "Input" and one.outputs
        }
        return cls(operators, inputs, root.get("outputName", []), root)

    def write(self, path: Path) -> None:
        """Write the network as `root` has it."""
        path.write_bytes(write_root(SCHEMA, "Net", self.root))


def set_id(path: Path, digest: str) -> None:
    """Write an identity into a file that is made of a digest, in place of the random one that each conversion draws.

    `digest` are 32 hexadecimal digits or more.
    """
    content = bytearray(path.read_bytes())
    drawn = MnnFile.parse(memoryview(content)).root.get("mnn_uuid", "")
    if len(drawn) != ID_CHARACTERS:
        raise Damaged(f"its identity is {drawn!r}, and not 36 characters")
    place = content.rfind(drawn.encode())
    parts = (digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32])
    content[place : place + ID_CHARACTERS] = "-".join(parts).encode()
    path.write_bytes(content)


def open_batch(path: Path) -> None:
    """Say in a file that its inputs' first extents are open: MNN's converter writes 1 for them."""
    content = bytearray(path.read_bytes())
    operators, operator, shape = (_field(*place) for place in (("Net", "oplists"), ("Op", "main"), ("Input", "dims")))
    for one in Table.root(memoryview(content)).tables(operators):
        if one.scalar(_field("Op", "type"), "i") != INPUT or (described := one.table(operator)) is None:
            continue
        start, count = described.vector_place(shape, 4)
        if count:
            struct.pack_into("<i", content, start, OPEN)
    path.write_bytes(content)


def _field(table: str, name: str) -> int:
    return [one for one, _ in SCHEMA[table]].index(name)


def _operator(one: Value, names: list[str]) -> Operator:
    def named(indices: list[int]) -> list[str]:
        if any(not 0 <= index < len(names) for index in indices):
            raise Damaged(f"the operator {one.get('name', '')} reads or writes a tensor that has no name")
        return [names[index] for index in indices]

    number = one.get("type", 0)
    kind = one.get("main_type", 0)
    return Operator(
        one.get("name", ""),
        OPERATORS.get(number, f"operator {number}"),
        named(one.get("inputIndexes", [])),
        named(one.get("outputIndexes", [])),
        PARAMETERS[kind - 1] if kind else "",
        one.get("main", {}) if kind else {},
    )


def _check_all_seen(content: memoryview, seen: set[tuple[int, int]]) -> None:
    """Raise Damaged for bytes that nothing leads to, but for zeros between what must lie at a multiple of its size."""
    end = 0
    for start, stop in [*sorted(seen), (len(content), len(content))]:
        if start - end >= PADDING or any(content[end:start]):
            raise Damaged(f"nothing in it leads to the {start - end} bytes at {end}")
        end = max(end, stop)


def _plain(parameters: Value) -> dict[str, Any]:
    """The scalars and lists of a table, and of the tables in it, by name."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": one for inner, one in _plain(value).items()}
        elif not isinstance(value, np.ndarray):
            found[name] = value
    return found


def _tensors(table: str, parameters: Value) -> Iterator[tuple[str, np.ndarray | EightBits]]:
    if "external" in parameters and parameters["external"].size:
        raise Damaged("its weights are said to lie in another file")
    if table == "Blob":
        yield "value", _blob(parameters)
        return
    for name, value in parameters.items():
        if isinstance(value, np.ndarray):
            if value.dtype.kind == "f":
                yield name, value
        elif name == "quanParameter":
            yield "weight", _packed(value, parameters.get("common", {}).get("outputCount", 0))
        elif name in ("symmetricQuan", "sparseParameter"):
            raise Damaged(f"its {name} are not known here")
        elif isinstance(value, dict) and name in ("blockShape", "padding"):
            yield name, _blob(value)


def _blob(blob: Value) -> np.ndarray:
    number = blob.get("dataType", 1)
    if number not in TYPES:
        raise Damaged(f"its values are of the type {number}, which is not known")
    dtype, field = TYPES[number]
    extra = {name for _, name in TYPES.values()} - {field}
    if any(name in blob and blob[name].size for name in extra):
        raise Damaged(f"it has values besides its {field}")
    values = blob.get(field, np.zeros(0, dtype))
    if values.dtype != np.dtype(dtype):
        if values.nbytes % np.dtype(dtype).itemsize:
            raise Damaged(f"its {values.nbytes} bytes are no numbers of the type {number}")
        values = values.view(dtype)
    shape = blob.get("dims", [])
    fits = all(extent >= 0 for extent in shape) and math.prod(shape) == values.size
    return values.reshape(shape) if fits else values


def _packed(packed: Value, channels: int) -> np.ndarray | EightBits:
    """The weights of a convolution as `IDSTQuan` keeps them: [values] halves, or integers of `channels`."""
    buffer = packed.get("buffer", np.zeros(0, np.int8))
    kind = packed.get("type", 0)
    if kind == IN_HALVES and buffer.size % 2 == 0:
        return buffer.view("<f2")
    # ConvolutionCommon.cpp, ReadQuanData_c: how many extents (two), these, how many levels (0 stands for 256), these.
    extent = "<u4" if packed.get("shapeInt32", False) else "<u2"
    start = 1 + 2 * np.dtype(extent).itemsize
    alpha = packed.get("alpha", np.zeros(0, "<f4"))
    if kind != IN_FEW_BITS or packed.get("aMaxOrBits") != 8 or buffer.size < start + 257 or buffer[0] != 2:
        raise Damaged("its weights are kept in a way that is not known here")
    shape = tuple(int(one) for one in buffer[1:start].view(extent))
    levels, indices = buffer[start + 1 : start + 257], buffer[start + 257 :].view(np.uint8)
    if buffer[start] != 0 or not np.array_equal(levels, LEVELS) or shape[0] != channels or alpha.size != 2 * channels:
        raise Damaged("its weights are in other levels than 256 for each channel")
    if math.prod(shape) != indices.size or packed.get("readType") != channels or packed.get("aMin") != -128:
        raise Damaged(f"its {indices.size} weights do not fit {list(shape)}")
    pairs = alpha.reshape(channels, 2)
    return EightBits((indices.astype(np.int16) - 128).astype(np.int8).reshape(shape), pairs[:, 0], pairs[:, 1])
