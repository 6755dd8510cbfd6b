"""What a program computes from nothing but constants, worked out by running that part of it once.

Swin builds the mask of its shifted windows while it runs: filled, cut, rolled and compared, the same for every image.
As a stored tensor it needs none of those operators.
"""

import copy
import tempfile
from pathlib import Path

import numpy as np
from pir_build import fetch, first_free_number
from pir_execution import Execution
from pir_program import PARAMETER, PARAMETERS_FILE, PROGRAM_FILE, Program

# What every reader of a Paddle 2 program makes for itself; lists of fractions it keeps in various ways.
PLAIN = {"full", "full_int_array"}
LARGEST_CONSTANT = 1 << 24  # values; a mask of Swin at 384 px has 1.4 million


def computed_constants(program: Program) -> dict[int, np.ndarray]:
    """The tensors, by number, that depend on no input and no parameter and that something else computes with."""
    wanted = wanted_constants(program)
    if not wanted:
        return {}
    part = Program(copy.deepcopy(program.document))
    needed = set(wanted)
    kept = []
    for op in reversed(list(part.ops)):
        if any(value.number in needed for value in op.results):
            needed.update(op.inputs)
            kept.append(op.desc)
    number = first_free_number(program)
    types = {value.number: value.desc["TT"] for op in program.ops for value in op.results}
    part.op_list[:] = kept[::-1] + [
        fetch(f"constant {made}", column, made, number + column, types[made]) for column, made in enumerate(wanted)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        part.write(folder / PROGRAM_FILE)
        (folder / PARAMETERS_FILE).touch()
        outputs = Execution(folder).run({})
    return {made: np.ascontiguousarray(outputs[f"constant {made}"]) for made in wanted}


def wanted_constants(program: Program) -> list[int]:
    """The numbers of tensors that are computed from constants alone, and used by what is not."""
    constant: set[int] = set()
    computed: set[int] = set()
    wanted: dict[int, None] = {}
    for op in program.ops:
        if op.desc["#"] != PARAMETER and op.name not in ("data", "feed", "fetch") and constant.issuperset(op.inputs):
            constant.update(value.number for value in op.results)
            if op.name not in PLAIN:
                computed.update(
                    value.number for value in op.results if value.tensor is not None and is_small(value.shape)
                )
            continue
        wanted |= dict.fromkeys(number for number in op.inputs if number in computed)
    return list(wanted)


def is_small(shape: tuple[int, ...]) -> bool:
    """Whether the shape is known, and not too large to store."""
    return -1 not in shape and int(np.prod(shape)) <= LARGEST_CONSTANT
