"""The ledger of a Paddle program that is an artifact: its parameters and attributes, explained by the program.

Inputs: `program` (the folder that the artifact was made from), `model` (.pdmodel), `weights` (.pdiparams). See
`edgeworker.ledger`.
"""

from collections.abc import Iterator
from typing import Any

from edgeworker.ledger.job import ledger_job
from edgeworker.ledger.stored import Stored, described
from edgeworker.paddle_graph import stored_names
from edgeworker.paddle_program import attribute_value, ops, read_program
from edgeworker.parameter_files import read_tensors
from edgeworker.protocol import Request, main


def stored(request: Request) -> Iterator[Stored]:
    """Every parameter, the layer being the first operator that reads it, and every operator's numbers."""
    program = read_program(request.inputs["model"])
    readers: dict[str, str] = {}
    for op in ops(program):
        result = next((name for slot in op.desc.outputs for name in slot.arguments), "")
        layer = f"{op.desc.type} {result}"
        for one in op.desc.attrs:
            value = attribute_value(one)
            found = value if isinstance(value, list) else [value]
            if any(isinstance(number, float) for number in found):
                yield described(result, one.name, found, layer)
        for slot in op.desc.inputs:
            for name in slot.arguments:
                readers.setdefault(name, layer)
    if names := stored_names(program):
        for name, tensor in read_tensors(request.inputs["weights"], names).items():
            yield Stored(name, readers.get(name, "no layer"), tensor.values)


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for a Paddle program."""
    return ledger_job(stored, request)


if __name__ == "__main__":
    main(job, tools=("paddlepaddle",))
