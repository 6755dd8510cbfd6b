"""A Paddle program as an artifact: the program that edgekit's rewrites leave, read back before it is given out.

Inputs: `program` (a folder with inference.pdmodel and inference.pdiparams). Writes both files.
"""

from typing import Any

from edgeworker.ledger.job import program_of
from edgeworker.paddle_graph import link_or_copy
from edgeworker.protocol import Request, main
from program import PARAMETERS_FILE, PROGRAM_FILE


def convert(request: Request) -> dict[str, Any]:
    """Returns `parameters`: how many tensors the program reads. Raises Refusal for a damaged program."""
    folder = request.inputs["program"]
    _, parameters = program_of(folder)
    for name in (PROGRAM_FILE, PARAMETERS_FILE):
        link_or_copy(folder / name, request.output / name)
    return {"parameters": len(parameters)}


if __name__ == "__main__":
    main(convert, tools=("paddlepaddle",))
