"""A Paddle 3 program described in Paddle 2's words, for readers that compute nothing with it, such as the ledger.

Unlike `to_program.py`, it stops at nothing: an operator that Paddle 2 does not have keeps its own name, and nothing
runs. The parameters stay where they are; those of the description are those of the program's file, in its order.
"""

from typing import Any

from edgeworker.paddle_program import new_program, write_program
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from old_operators import DATA_TYPES, Call, OldOp
from old_program import declare, tensors_by_name, translated, write_op
from pir_names import Names, value_names
from pir_program import PROGRAM_FILE, Op, read_program

DESCRIPTION_FILE = "inference.pdmodel"
# What is written of an operator that has no like: its numbers.
LISTED, SINGLE = {int: "longs", float: "floats"}, {int: "long", float: "float"}


def describe(request: Request) -> dict[str, Any]:
    """Write `inference.pdmodel`. Returns the kinds of operators that have kept their own names.

    Inputs: `program`, a folder that `adopt.py` wrote.
    """
    program = read_program(request.inputs["program"] / PROGRAM_FILE)
    names = value_names(program)
    failed: dict[str, Refusal] = {}
    ops = translated(program, names, {}, failed)
    foreign = [op for op in program.ops if any(name in failed for name in result_names(op, names))]
    description = new_program()
    (block,) = description.blocks
    tensors = tensors_by_name(program, names)
    for name, tensor in tensors.items():
        if tensor.dtype in DATA_TYPES:
            declare(block, name, tensor, persistable=name in program.parameters)
    for op in [*ops, *(as_it_is(op, names) for op in foreign)]:
        write_op(block, op)
    write_program(description, request.output / DESCRIPTION_FILE)
    return {"foreign": sorted({op.name for op in foreign})}


def result_names(op: Op, names: Names) -> list[str]:
    """What an operator makes."""
    return [name for value in op.results for name in names.get(value.number, ())]


def as_it_is(op: Op, names: Names) -> OldOp:
    """An operator under its own name: what it reads and makes, and its numbers."""
    call = Call(op, names, {}, {})
    numbers = {}
    for described in op.desc.get("A", []):
        value = call.attribute(described["N"]) if "D" in described["AT"] else None
        kinds = {type(one) for one in value} if isinstance(value, list) else {type(value)}
        known = LISTED if isinstance(value, list) else SINGLE
        if len(kinds) == 1 and (kind := known.get(kinds.pop())):
            numbers[described["N"]] = (kind, value)
    read = [name for number in op.inputs for name in names.get(number, ())]
    return OldOp(op.name, {"X": read}, {"Out": result_names(op, names)}, numbers)


if __name__ == "__main__":
    main(describe, tools=("paddlepaddle",))
