"""What every `parameters.py` does around its reader: the program, the artifact's stored tensors, the account."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from edgeworker.ledger.account import Explanations, Rewritten
from edgeworker.ledger.stored import Stored
from edgeworker.paddle_program import ops, read_program
from edgeworker.parameter_files import read_tensors
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal

PROGRAM_FILE, PARAMETERS_FILE = "inference.pdmodel", "inference.pdiparams"
CHOSEN_FILE = "quantisation.safetensors"
LOD_TENSOR = 7  # framework.proto, VarType.Type


def ledger_job(read: Callable[[Request], Iterable[Stored]], request: Request) -> dict[str, Any]:
    """The account (see `Account`) of what `read` finds in the artifact's files.

    Input `program`: the folder of the Paddle program that the artifact was made from; `described`, for one of Paddle 3:
    what `paddle3/describe.py` made of it; `rewritten`, where edgekit's rewrites changed it: what they left. Option
    `added`: numbers that edgekit puts into the artifact itself. Input `chosen`: the folder
    with the record of a quantisation.
    """
    return explanations(request).account(read(request)).as_details()


def explanations(request: Request) -> Explanations:
    """What the program of a request explains; its inputs and options are those of `ledger_job`."""
    program, parameters = program_of(request.inputs["program"], request.inputs.get("described"))
    folder = request.inputs.get("rewritten")
    rewritten = Rewritten(*program_of(folder)) if folder else None
    quantisation = request.inputs.get("chosen")
    chosen = recorded(quantisation) if quantisation else None
    return Explanations(program, parameters, request.options.get("added", []), rewritten, chosen)


def recorded(folder: Path) -> dict[str, np.ndarray]:
    """What a quantisation chose: scales, zero points, ranges."""
    # Not every toolchain that has a ledger has this package.
    from safetensors.numpy import load_file

    return load_file(folder / CHOSEN_FILE)


def program_of(folder: Path, described: Path | None = None) -> tuple[Any, dict[str, np.ndarray]]:
    """A program and those of its parameters that an operator reads; these are views of the mapped file.

    `described` is the folder with its description, where it is not its own. Raises Refusal where there is none.
    """
    description = (described or folder) / PROGRAM_FILE
    if not description.exists():
        raise Refusal(f"{description.parent} holds no {PROGRAM_FILE}: its parameters cannot be accounted for")
    program = read_program(description)
    names = sorted(
        variable.name
        for variable in program.blocks[0].vars
        if variable.persistable and variable.type.type == LOD_TENSOR
    )
    if not names:
        return program, {}
    stored = read_tensors(folder / PARAMETERS_FILE, names)
    read = {name for op in ops(program) for slot in op.desc.inputs for name in slot.arguments}
    return program, {name: one.values for name, one in stored.items() if name in read}
