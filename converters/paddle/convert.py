"""A Paddle program as an artifact: the program that edgekit's rewrites leave, read back before it is given out.

Inputs: `program` (a folder with inference.pdmodel and inference.pdiparams). Writes both files.
"""

from typing import Any

from edgeworker.ledger.job import program_of
from edgeworker.paddle_graph import link_or_copy
from edgeworker.paddle_program import write_program
from edgeworker.protocol import Request, main
from joined_parameters import copied_first
from program import PARAMETERS_FILE, PROGRAM_FILE


def convert(request: Request) -> dict[str, Any]:
    """Returns `parameters`: how many tensors the program reads, and `copied`: those that are copied for a concat.

    Raises Refusal for a damaged program.
    """
    folder = request.inputs["program"]
    program, parameters = program_of(folder)
    link_or_copy(folder / PARAMETERS_FILE, request.output / PARAMETERS_FILE)
    if copied := copied_first(program):
        write_program(program, request.output / PROGRAM_FILE)
    else:
        link_or_copy(folder / PROGRAM_FILE, request.output / PROGRAM_FILE)
    return {"parameters": len(parameters), "copied": copied}


if __name__ == "__main__":
    main(convert, tools=("paddlepaddle",))
