"""A Paddle Lite model file (`.nb`, "naive buffer", meta version 2) read without Paddle Lite.

Layout, little-endian, as Paddle Lite 2.8 to 2.13 write it (lite/model_parser/model_parser.cc,
flatbuffers/io.cc, flatbuffers/framework.fbs and param.fbs describe it):

    u16       meta version, 2
    char[16]  version of `opt`, ended by NUL; what follows the NUL is whatever was on opt's stack
    u64       n, then n bytes: FlatBuffer ProgramDesc (blocks of variables and operators)
    u16 0, u16 m, m bytes reserved
    u16 h, then h bytes: u16 number of parameters, u32 bytes of the largest
    per parameter: u32 total, u32 offset (both counted from the second u32), FlatBuffer ParamDesc
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.flat_reader import Damaged, Table, unpack
from edgeworker.refusal import Refusal

META_VERSION = 2
_VERSION_PLACE = slice(2, 18)

# VarType.Type numbers of framework.fbs.
_DTYPES = {
    0: "bool",
    1: "int16",
    2: "int32",
    3: "int64",
    4: "float16",
    5: "float32",
    6: "float64",
    20: "uint8",
    21: "int8",
}
_LOD_TENSOR = 7

# AttrType number -> (field of Attr, how it is read).
_ATTRIBUTES: dict[int, tuple[int, str]] = {
    0: (2, "i"),
    1: (3, "f"),
    2: (4, "text"),
    3: (5, "*i"),
    4: (6, "*f"),
    5: (7, "texts"),
    6: (8, "?"),
    7: (9, "*?"),
    8: (10, "i"),
    9: (11, "q"),
    10: (12, "*i"),
    11: (13, "*q"),
    12: (15, "*d"),
    15: (14, "d"),
}


# Where `opt` notes the kernel it chose: "conv2d/def/4/1/1" is type, alias, target, precision, layout.
KERNEL_ATTRIBUTE = "__@kernel_type_attr@__"
CONVERTED_BACK = "/precision_trans"
"""What `opt` appends to the name of an output that it converts back to FP32."""
# TargetType and PrecisionType numbers of lite/api/paddle_place.h.
_TARGETS = {1: "Host", 2: "X86", 4: "ARM", 6: "Any"}
_PRECISIONS = {1: "float32", 2: "int8", 3: "int32", 4: "any", 5: "float16", 6: "bool", 7: "int64"}


@dataclass(frozen=True)
class Kernel:
    """The kernel that will compute an operator: `target` and `precision` by name, or "N" where unknown."""

    target: str
    precision: str


@dataclass(frozen=True)
class Operator:
    """One operator: `inputs` and `outputs` map a slot ("X", "Filter", "Out") to variable names."""

    type: str
    inputs: dict[str, list[str]]
    outputs: dict[str, list[str]]
    attributes: dict[str, Any]

    @property
    def kernel(self) -> Kernel | None:
        """The kernel that `opt` chose, or None where it noted none."""
        parts = str(self.attributes.get(KERNEL_ATTRIBUTE, "")).split("/")
        if len(parts) != 5 or not (parts[2].isdigit() and parts[3].isdigit()):
            return None
        target, precision = int(parts[2]), int(parts[3])
        return Kernel(_TARGETS.get(target, str(target)), _PRECISIONS.get(precision, str(precision)))


@dataclass(frozen=True)
class Variable:
    """A declared tensor: `dims` in elements; `dtype` as numpy calls it, or "type N"."""

    name: str
    dims: tuple[int, ...]
    dtype: str
    persistable: bool


@dataclass(frozen=True)
class Parameter:
    """A stored tensor: `values`, a read-only view of the file's bytes that start at `offset`."""

    name: str
    values: np.ndarray
    offset: int


@dataclass(frozen=True)
class NbModel:
    """What a `.nb` file holds. Operators and variables of all blocks, in the file's order."""

    opt_version: str
    operators: list[Operator]
    variables: dict[str, Variable]
    parameters: dict[str, Parameter]

    def feeds(self) -> list[Variable]:
        """The model's inputs, in order; shapes as they were exported."""
        return [
            self.variables[name]
            for operator in self.operators
            if operator.type == "feed"
            for name in operator.outputs.get("Out", [])
            if name in self.variables
        ]

    def targets(self) -> set[str]:
        """Whose kernels the file asks for, "Host" (plain C++, everywhere) among them."""
        return {operator.kernel.target for operator in self.operators if operator.kernel}

    def fetches(self) -> list[str]:
        """The names of the model's outputs, in order."""
        return [
            name for operator in self.operators if operator.type == "fetch" for name in operator.inputs.get("X", [])
        ]


def read_nb(path: Path) -> NbModel:
    """The model in `path`; raises Refusal (kind "input") where it is absent, cut short or no `.nb` file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror}", kind="input") from error
    try:
        return parse_nb(content)
    except Damaged as damage:
        raise Refusal(
            f"{path} is not a whole Paddle Lite model: {damage}",
            "Convert the model again; Paddle Lite 2.8 and newer write this format",
            kind="input",
        ) from damage


def parse_nb(content: bytes) -> NbModel:
    """The model in `content`; raises Damaged where a part of it does not fit the format."""
    file = memoryview(content)
    meta_version = unpack("H", file, 0)
    if meta_version != META_VERSION:
        raise Damaged(f"its first bytes say format {meta_version}, not {META_VERSION}")
    reader = _Reader(file, _VERSION_PLACE.stop)
    opt_version = bytes(file[_VERSION_PLACE]).split(b"\0")[0].decode("ascii", "replace")
    topology = reader.take(reader.number("Q"), "the graph")
    blocks = list(Table.root(topology).tables(0))
    if not blocks:
        raise Damaged("its graph has no block")
    operators = [_operator(table) for block in blocks for table in block.tables(3)]
    variables = {variable.name: variable for block in blocks for variable in map(_variable, block.tables(2))}
    return NbModel(opt_version, operators, variables, {p.name: p for p in _parameters(reader)})


def clear_version_padding(path: Path) -> None:
    """Zero what follows the version's NUL: `opt` leaves stack bytes there, different in every run."""
    with path.open("r+b") as file:
        file.seek(_VERSION_PLACE.start)
        length = _VERSION_PLACE.stop - _VERSION_PLACE.start
        version = file.read(length).split(b"\0")[0]
        file.seek(_VERSION_PLACE.start)
        file.write(version.ljust(length, b"\0"))


class _Reader:
    def __init__(self, file: memoryview, position: int) -> None:
        self.file = file
        self.position = position

    def number(self, layout: str) -> int:
        value = unpack(layout, self.file, self.position)
        self.position += struct.calcsize("<" + layout)
        return value

    def take(self, count: int, what: str) -> memoryview:
        left = len(self.file) - self.position
        if count > left:
            raise Damaged(f"{what} should take {count} bytes where {left} are left")
        self.position += count
        return self.file[self.position - count : self.position]


def _parameters(reader: _Reader) -> Iterator[Parameter]:
    if (version := reader.number("H")) != 0:
        raise Damaged(f"its parameters have version {version}, not 0")
    reader.take(reader.number("H"), "the parameters' preamble")
    header = reader.take(reader.number("H"), "the parameters' header")
    for number in range(unpack("H", header, 0)):
        total, offset = reader.number("I"), reader.number("I")
        reader.take(offset - 4, f"the preamble of parameter {number}")
        start = reader.position
        yield _parameter(reader.take(total - offset, f"parameter {number}"), start)
    if reader.position != len(reader.file):
        raise Damaged(f"{len(reader.file) - reader.position} bytes follow the last parameter")


def _parameter(buffer: memoryview, start: int) -> Parameter:
    table = Table.root(buffer)
    name, tensor = table.text(1), table.table(3)
    if tensor is None:
        raise Damaged(f"parameter {name!r} has no tensor")
    number = tensor.scalar(3, "i")
    if number not in _DTYPES:
        raise Damaged(f"parameter {name!r} has the unknown element type {number}")
    dtype, dims = np.dtype(_DTYPES[number]), tensor.numbers(2, "q")
    place, size = tensor.vector_place(4, 1)
    count = math.prod(dims)
    if any(dim < 0 for dim in dims) or count * dtype.itemsize != size:
        raise Damaged(f"parameter {name!r} holds {size} bytes where {dims} of {dtype} need another number")
    values = np.frombuffer(buffer, dtype, count, place).reshape(dims)
    return Parameter(name, values, start + place)


def _operator(table: Table) -> Operator:
    return Operator(
        type=table.text(0),
        inputs={slot.text(0): slot.texts(1) for slot in table.tables(1)},
        outputs={slot.text(0): slot.texts(1) for slot in table.tables(2)},
        attributes={attribute.text(0): _attribute(attribute) for attribute in table.tables(3)},
    )


def _attribute(table: Table) -> Any:
    kind = table.scalar(1, "i")
    if kind not in _ATTRIBUTES:
        raise Damaged(f"attribute {table.text(0)!r} has the unknown type {kind}")
    field, how = _ATTRIBUTES[kind]
    if how == "text":
        return table.text(field)
    if how == "texts":
        return table.texts(field)
    if how.startswith("*"):
        return table.numbers(field, how[1:])
    return table.scalar(field, how, False if how == "?" else 0)


def _variable(table: Table) -> Variable:
    name, kind, persistable = table.text(0), table.table(1), table.scalar(2, "?", False)
    if kind is None or kind.scalar(0, "i") != _LOD_TENSOR or (described := kind.table(2)) is None:
        return Variable(name, (), f"type {kind.scalar(0, 'i') if kind else '?'}", persistable)
    tensor = described.table(0)
    if tensor is None:
        raise Damaged(f"variable {name!r} describes no tensor")
    number = tensor.scalar(0, "i")
    dtype = _DTYPES.get(number, f"type {number}")
    return Variable(name, tuple(tensor.numbers(1, "q")), dtype, persistable)
