"""Paddle's ProgramDesc (`inference.pdmodel`) read and written with protobuf alone, no Paddle.

The message types are built at run time. Field names and numbers follow `framework.proto` of Paddle 2.6
(paddle/fluid/framework/framework.proto, package `paddle.framework.proto`, proto2); they are the file
format. Fields left out here (quantisation notes, process meshes, ...) survive a round trip: protobuf keeps
unknown fields.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from edgeworker.refusal import Refusal

# AttrType: which field of OpDesc.Attr holds the value.
_VALUE_FIELDS = {
    0: "i",
    1: "f",
    2: "s",
    3: "ints",
    4: "floats",
    5: "strings",
    6: "b",
    7: "bools",
    8: "block_idx",
    9: "l",
    10: "blocks_idx",
    11: "longs",
    12: "float64s",
    13: "var_name",
    14: "vars_name",
    15: "float64",
    16: "scalar",
    17: "scalars",
}
INT_ATTR, FLOAT_ATTR, STRING_ATTR, INTS_ATTR, FLOATS_ATTR, BOOL_ATTR, BOOLS_ATTR, LONGS_ATTR = 0, 1, 2, 3, 4, 6, 7, 11
# Which field of a Scalar holds the number, by its type; complex numbers are left out.
_SCALAR_FIELDS = {1: "b", 2: "i", 3: "r"}

# VarType.Type: the members that a classifier's program uses.
FP32 = 5
LOD_TENSOR = 7

_OPTIONAL, _REQUIRED, _REPEATED = 1, 2, 3  # FieldDescriptorProto.Label
_DOUBLE, _FLOAT, _INT64, _INT32, _BOOL, _STRING = 1, 2, 3, 5, 8, 9  # FieldDescriptorProto.Type

# message -> field -> (number, label, scalar type or the name of a message)
_SCHEMA: dict[str, dict[str, tuple[int, int, int | str]]] = {
    "Version": {"version": (1, _OPTIONAL, _INT64)},
    "Scalar": {
        "type": (1, _REQUIRED, _INT32),
        "b": (2, _OPTIONAL, _BOOL),
        "i": (3, _OPTIONAL, _INT64),
        "r": (4, _OPTIONAL, _DOUBLE),
    },
    "OpAttr": {
        "name": (1, _REQUIRED, _STRING),
        "type": (2, _REQUIRED, _INT32),
        "i": (3, _OPTIONAL, _INT32),
        "f": (4, _OPTIONAL, _FLOAT),
        "s": (5, _OPTIONAL, _STRING),
        "ints": (6, _REPEATED, _INT32),
        "floats": (7, _REPEATED, _FLOAT),
        "strings": (8, _REPEATED, _STRING),
        "b": (10, _OPTIONAL, _BOOL),
        "bools": (11, _REPEATED, _BOOL),
        "block_idx": (12, _OPTIONAL, _INT32),
        "l": (13, _OPTIONAL, _INT64),
        "blocks_idx": (14, _REPEATED, _INT32),
        "longs": (15, _REPEATED, _INT64),
        "float64s": (16, _REPEATED, _DOUBLE),
        "var_name": (17, _OPTIONAL, _STRING),
        "vars_name": (18, _REPEATED, _STRING),
        "float64": (19, _OPTIONAL, _DOUBLE),
        "scalar": (20, _OPTIONAL, "Scalar"),
        "scalars": (21, _REPEATED, "Scalar"),
    },
    "OpVar": {"parameter": (1, _REQUIRED, _STRING), "arguments": (2, _REPEATED, _STRING)},
    "OpDesc": {
        "inputs": (1, _REPEATED, "OpVar"),
        "outputs": (2, _REPEATED, "OpVar"),
        "type": (3, _REQUIRED, _STRING),
        "attrs": (4, _REPEATED, "OpAttr"),
        "is_target": (5, _OPTIONAL, _BOOL),
    },
    "TensorDesc": {"data_type": (1, _REQUIRED, _INT32), "dims": (2, _REPEATED, _INT64)},
    "LoDTensorDesc": {"tensor": (1, _REQUIRED, "TensorDesc"), "lod_level": (2, _OPTIONAL, _INT32)},
    "VarType": {"type": (1, _REQUIRED, _INT32), "lod_tensor": (3, _OPTIONAL, "LoDTensorDesc")},
    "VarDesc": {
        "name": (1, _REQUIRED, _STRING),
        "type": (2, _REQUIRED, "VarType"),
        "persistable": (3, _OPTIONAL, _BOOL),
        "need_check_feed": (4, _OPTIONAL, _BOOL),
        "is_parameter": (5, _OPTIONAL, _BOOL),
        "stop_gradient": (6, _OPTIONAL, _BOOL),
    },
    "BlockDesc": {
        "idx": (1, _REQUIRED, _INT32),
        "parent_idx": (2, _REQUIRED, _INT32),
        "vars": (3, _REPEATED, "VarDesc"),
        "ops": (4, _REPEATED, "OpDesc"),
        "forward_block_idx": (5, _OPTIONAL, _INT32),
    },
    "ProgramDesc": {"blocks": (1, _REPEATED, "BlockDesc"), "version": (4, _OPTIONAL, "Version")},
}


def _message_classes() -> dict[str, type[Message]]:
    package = "edgekit.paddle"
    file = descriptor_pb2.FileDescriptorProto(name="edgekit/paddle_program.proto", package=package, syntax="proto2")
    for message_name, fields in _SCHEMA.items():
        message = file.message_type.add(name=message_name)
        for field_name, (number, label, kind) in fields.items():
            field = message.field.add(name=field_name, number=number)
            field.label = label  # pyright: ignore[reportAttributeAccessIssue]
            if isinstance(kind, str):
                field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
                field.type_name = f".{package}.{kind}"
            else:
                field.type = kind  # pyright: ignore[reportAttributeAccessIssue]
    # A pool of its own: Paddle, loaded in the same process, registers its own types in the default one.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in _SCHEMA}


# The classes are made at run time, so to a type checker a program, block, op or variable is `Any`.
_classes = _message_classes()
_Program: Any = _classes["ProgramDesc"]
TensorDesc: Any = _classes["TensorDesc"]


@dataclass(frozen=True)
class Op:
    """One operator and where it stands; `block` and `desc` are live: changes reach the program."""

    block: Any
    index: int
    desc: Any

    @property
    def place(self) -> str:
        """For messages: type, block and position, and the first output's variable."""
        results = [argument for output in self.desc.outputs for argument in output.arguments]
        target = f" -> {results[0]}" if results else ""
        return f"{self.desc.type} (block {self.block.idx}, op {self.index}{target})"


def new_program() -> Any:
    """A program with one empty block."""
    program = _Program()
    program.blocks.add(idx=0, parent_idx=-1)
    return program


def parse_program(content: bytes, source: str = "the program") -> Any:
    """The ProgramDesc in `content`; raises Refusal (kind "input") that names `source` where it is none."""
    remedy = "Give an inference.pdmodel that Paddle 2.x exported (paddle.jit.save or save_inference_model)"
    program = _Program()
    try:
        program.ParseFromString(content)
    except DecodeError as error:
        raise Refusal(f"{source} is not a Paddle program, or is cut short", remedy, kind="input") from error
    # Any bytes that happen to be valid protobuf parse as a program without known fields.
    if not program.IsInitialized() or not any(block.ops for block in program.blocks):
        raise Refusal(f"{source} holds no Paddle program: it has no operators", remedy, kind="input")
    return program


def read_program(path: Path) -> Any:
    """The ProgramDesc in the file `path`; raises Refusal (kind "input") where it is absent or no program."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror}", kind="input") from error
    return parse_program(content, str(path))


def write_program(program: Any, path: Path) -> None:
    """Write `program` to `path`, whole or not at all; what was unknown when it was read is written too."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(program.SerializeToString())
    partial.replace(path)


def ops(program: Any, types: Collection[str] | None = None) -> Iterator[Op]:
    """Every operator of every block in order, or those whose type is in `types`."""
    for block in program.blocks:
        for index, desc in enumerate(block.ops):
            if types is None or desc.type in types:
                yield Op(block, index, desc)


def arguments(slots: Any, parameter: str) -> list[str] | None:
    """The variables in the slot `parameter` of `desc.inputs` or `desc.outputs`; None without such a slot."""
    for slot in slots:
        if slot.parameter == parameter:
            return list(slot.arguments)
    return None


def attribute(op: Op, name: str) -> Any:
    """The value of the attribute `name` (a list for repeated kinds), or None where the operator has none.

    A Scalar is its number.
    """
    for attr in op.desc.attrs:
        if attr.name == name:
            return attribute_value(attr)
    return None


def attribute_value(attr: Any) -> Any:
    """What an attribute holds: a number, a text, or a list of them."""
    field = _VALUE_FIELDS[attr.type]
    value = getattr(attr, field)
    if field == "scalar":
        return _number(value)
    if field == "scalars":
        return [_number(each) for each in value]
    return list(value) if field.endswith("s") and field != "s" else value


def _number(scalar: Any) -> bool | int | float:
    return getattr(scalar, _SCALAR_FIELDS[scalar.type])


def set_attribute(op: Op, name: str, kind: int, value: Any) -> None:
    """Give the operator the attribute `name` of the kind `kind` (..._ATTR), in place of one of that name."""
    for attr in op.desc.attrs:
        if attr.name == name:
            attr.Clear()
            break
    else:
        attr = op.desc.attrs.add()
    attr.name, attr.type = name, kind
    field = _VALUE_FIELDS[kind]
    if isinstance(value, list):
        getattr(attr, field).extend(value)
    else:
        setattr(attr, field, value)


def set_float(op: Op, name: str, value: float) -> None:
    """Give the operator the float attribute `name`, in place of one of that name."""
    set_attribute(op, name, FLOAT_ATTR, value)


def variable(block: Any, name: str) -> Any | None:
    """The block's own description of the variable `name`, or None."""
    return next((candidate for candidate in block.vars if candidate.name == name), None)


def fresh_name(program: Any, wanted: str) -> str:
    """`wanted`, or the first of `wanted_1`, `wanted_2`, ... that no block's variable and no operator uses."""
    taken = {candidate.name for block in program.blocks for candidate in block.vars}
    for op in ops(program):
        for slot in (*op.desc.inputs, *op.desc.outputs):
            taken.update(slot.arguments)
    name, number = wanted, 0
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def add_output(program: Any, op: Op, parameter: str, dims: list[int], data_type: int = FP32) -> str:
    """Declare a tensor for the output slot `parameter` of `op` in its block and connect it; returns its name.

    `dims` in elements, -1 for an unknown one. A slot that exists without variables is filled.
    """
    first = next((argument for slot in op.desc.outputs for argument in slot.arguments), op.desc.type)
    name = fresh_name(program, f"{first}.{parameter.lower()}")
    described = op.block.vars.add(name=name)
    described.type.type = LOD_TENSOR
    described.type.lod_tensor.tensor.data_type = data_type
    described.type.lod_tensor.tensor.dims.extend(dims)
    slot = next((slot for slot in op.desc.outputs if slot.parameter == parameter), None)
    if slot is None:
        slot = op.desc.outputs.add(parameter=parameter)
    slot.arguments.append(name)
    return name
