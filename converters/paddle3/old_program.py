"""A Paddle 3 program written as a program of Paddle 2: ProgramDesc, with the operators of Paddle 2.6.

The translations are in `old_tables`. Only what leads to an output is
written, so an operator that has no like in Paddle 2 is no obstacle where nobody needs it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgeworker.paddle_program import LOD_TENSOR, new_program
from edgeworker.refusal import Refusal
from old_operators import DATA_TYPES, KINDS, Call, OldOp
from old_tables import TRANSLATIONS
from pir_names import Names, value_names
from pir_program import NOTHING, TENSOR, VECTOR, Json, Op, Program, Value

PADDLE_VERSION = 2006002  # of the program's operators, as Paddle 2.6.2 writes it
FEED, FETCH = "feed", "fetch"
FEED_LIST, FETCH_LIST = 9, 10  # framework.proto, VarType.Type
PORTS = {"builtin.parameter", "data", "feed", "fetch"}
# Lists are put together and taken apart by name alone.
LISTS = {"builtin.combine", "builtin.slice", "builtin.split"}
# Operators that change statistics which inference does not.
ONLY_IN_TRAINING = {"batch_norm_"}
REMEDY = "Export the model again with Paddle 2.6, or choose a target that goes through ONNX"


@dataclass(frozen=True)
class OldProgram:
    """`description` is a ProgramDesc; `parameters` are the names of those it uses."""

    description: Any
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Tensor:
    """What a variable holds: an element type as numpy calls it, and extents, -1 for one that may be anything."""

    dtype: str
    shape: tuple[int, ...]


def old_program(program: Program, constants: Mapping[int, np.ndarray]) -> OldProgram:
    """`program` in the operators of Paddle 2.6, its variables called as `pir_names` does.

    `constants` are values, by number, that are stored as parameters in place of what computes them. Raises Refusal that
    names kind and place where an operator that is needed has no translation.
    """
    check_in_place(program)
    names = value_names(program)
    failed: dict[str, Refusal] = {}
    ops = translated(program, names, constants, failed)
    outputs, copies = ports(program, names)
    needed = needed_ops([*ops, *copies], outputs, names_of_parameters(program) | stored_names(names, constants))
    used = {name for op in needed for slot in op.inputs.values() for name in slot} | set(outputs)
    check_made(needed, used, program, names, constants, failed)
    return written_program(program, needed, outputs, names, constants, used)


def translated(
    program: Program, names: Names, constants: Mapping[int, np.ndarray], failed: dict[str, Refusal]
) -> list[OldOp]:
    """Every operator that can be translated; for the others `failed` says why, by the variables they would make."""
    makers = {value.number: op for op in program.ops for value in op.results}
    values = {value.number: value for op in program.ops for value in op.results}
    found: list[OldOp] = []
    for op in program.ops:
        if op.name in PORTS | LISTS or all(value.number in constants for value in op.results):
            continue
        translation = TRANSLATIONS.get(op.name.removesuffix("_"))
        try:
            if translation is None:
                raise Refusal(f"the operator {op.place} has no like in a Paddle 2 program", REMEDY)
            found += translation(Call(op, names, makers, values))
        except Refusal as refusal:
            failed.update({name: refusal for value in op.results for name in names.get(value.number, ())})
    return found


def check_in_place(program: Program) -> None:
    """Raise Refusal where an operator changes a value that is used again: what is written makes a new one."""
    last: dict[int, Op] = {number: op for op in program.ops for number in op.inputs}
    for op in program.ops:
        changes = op.name.endswith("_") and op.name not in ONLY_IN_TRAINING and op.inputs
        if changes and last[op.inputs[0]].index > op.index:
            raise Refusal(
                f"{op.place} changes a tensor in place that {last[op.inputs[0]].place} uses after it",
                "Write the network without changes in place",
            )


def ports(program: Program, names: Names) -> tuple[list[str], list[OldOp]]:
    """The outputs' names in order, and copies for those that are called otherwise inside: inputs, or given twice."""
    outputs, copies = [], []
    for op in program.fetches:
        (own,), name = names[op.inputs[0]], op.attribute("name")
        if own != name:
            copies.append(OldOp("assign", {"X": [own]}, {"Out": [name]}, {}))
        outputs.append(name)
    return outputs, copies


def names_of_parameters(program: Program) -> set[str]:
    """Of all that the program declares."""
    return set(program.parameters)


def stored_names(names: Names, constants: Mapping[int, np.ndarray]) -> set[str]:
    """The variables of the constants that become parameters."""
    return {names[number][0] for number in constants}


def needed_ops(ops: Sequence[OldOp], outputs: Sequence[str], stored: set[str]) -> list[OldOp]:
    """Those that lead to the outputs, in order. Statistics that come out under a parameter's name are no result."""
    wanted, kept = set(outputs), []
    for op in reversed(ops):
        made = {name for slot in op.outputs.values() for name in slot} - stored
        if wanted & made:
            kept.append(op)
            wanted.update(name for slot in op.inputs.values() for name in slot)
    return kept[::-1]


def check_made(
    ops: Sequence[OldOp],
    used: set[str],
    program: Program,
    names: Names,
    constants: Mapping[int, np.ndarray],
    failed: Mapping[str, Refusal],
) -> None:
    """Raise Refusal unless everything that is used is made, or stored, or an input."""
    made = {name for op in ops for slot in op.outputs.values() for name in slot}
    made |= names_of_parameters(program) | stored_names(names, constants)
    made |= {op.attribute("name") for op in program.feeds}
    missing = used - made
    for op in program.ops:
        for name in (name for value in op.results for name in names.get(value.number, ())):
            if name in missing:
                raise failed.get(name) or Refusal(f"a result of {op.place} has no like in a Paddle 2 program", REMEDY)


def written_program(
    program: Program,
    ops: Sequence[OldOp],
    outputs: Sequence[str],
    names: Names,
    constants: Mapping[int, np.ndarray],
    used: set[str],
) -> OldProgram:
    """The ProgramDesc of `ops` between the inputs and the outputs, with every variable declared."""
    description = new_program()
    description.version.version = PADDLE_VERSION
    (block,) = description.blocks
    for name, kind in ((FEED, FEED_LIST), (FETCH, FETCH_LIST)):
        block.vars.add(name=name, persistable=True).type.type = kind
    tensors = tensors_by_name(program, names)
    tensors |= {op.attribute("name"): tensors[names[op.inputs[0]][0]] for op in program.fetches}
    for column, op in enumerate(program.feeds):
        write_op(block, OldOp(FEED, {"X": [FEED]}, {"Out": [op.attribute("name")]}, {"col": ("int", column)}))
    for op in ops:
        write_op(block, op)
    for column, name in enumerate(outputs):
        write_op(block, OldOp(FETCH, {"X": [name]}, {"Out": [FETCH]}, {"col": ("int", column)}))

    stored = names_of_parameters(program) | stored_names(names, constants)
    declared = dict.fromkeys(op.attribute("name") for op in program.feeds)
    declared |= dict.fromkeys(
        name for op in ops for slot in (*op.inputs.values(), *op.outputs.values()) for name in slot
    )
    for name in declared:
        declare(block, name, tensors.get(name) or constant_of(name, ops), persistable=name in stored)
    return OldProgram(description, tuple(sorted(stored & declared.keys())))


def tensors_by_name(program: Program, names: Names) -> dict[str, Tensor]:
    """Type and shape of every tensor, those in lists too."""
    found: dict[str, Tensor] = {}
    for op in program.ops:
        for value in op.results:
            if value.number == NOTHING:
                continue
            content = value.desc["TT"]
            for name, each in zip(
                names[value.number], content["D"] if content["#"] == VECTOR else [content], strict=True
            ):
                if each["#"] == TENSOR:
                    found.setdefault(name, tensor_of(each))
    return found


def tensor_of(content: Json) -> Tensor:
    """What a type in the program says."""
    value = Value(NOTHING, {"TT": content})
    return Tensor(value.dtype, value.shape)


def constant_of(name: str, ops: Sequence[OldOp]) -> Tensor:
    """A tensor that a translation has put in: a constant."""
    op = next(op for op in ops if name in op.outputs.get("Out", []))
    dtype = next(known for known, number in DATA_TYPES.items() if number == op.attributes["dtype"][1])
    return Tensor(dtype, tuple(op.attributes["shape"][1]))


def declare(block: Any, name: str, tensor: Tensor, *, persistable: bool) -> None:
    """Declare a variable of the block. Raises Refusal for a type that Paddle 2 does not have."""
    if tensor.dtype not in DATA_TYPES:
        raise Refusal(f"the tensor {name} is of the type {tensor.dtype}, which Paddle 2 does not have", REMEDY)
    described = block.vars.add(name=name, persistable=persistable)
    if persistable:
        described.is_parameter = True
    described.type.type = LOD_TENSOR
    described.type.lod_tensor.tensor.data_type = DATA_TYPES[tensor.dtype]
    described.type.lod_tensor.tensor.dims.extend(tensor.shape)


def write_op(block: Any, op: OldOp) -> None:
    """Append the operator, slots and attributes sorted by name as Paddle writes them."""
    desc = block.ops.add(type=op.type)
    for slots, given in ((desc.inputs, op.inputs), (desc.outputs, op.outputs)):
        for slot, variables in sorted(given.items()):
            slots.add(parameter=slot, arguments=variables)
    for name, (kind, value) in sorted(op.attributes.items()):
        number, field = KINDS[kind]
        attribute = desc.attrs.add(name=name, type=number)
        try:
            if isinstance(value, list):
                getattr(attribute, field).extend(value)
            else:
                setattr(attribute, field, value)
        except (TypeError, ValueError) as error:
            raise Refusal(
                f"an operator {op.type} has the attribute {name} = {value}, which cannot be written"
            ) from error
