"""Which operators of a Paddle program paddle2onnx cannot convert.

Input: `program`. Converts nothing.
"""

from typing import Any

from edgeworker.paddle_program import read_program
from edgeworker.protocol import Request, main
from paddle2onnx_native import missing_operators


def lacks(request: Request) -> dict[str, Any]:
    """Returns `operators`, the missing types in alphabetical order; raises Refusal for a damaged program."""
    program = read_program(request.inputs["program"] / "inference.pdmodel")
    missing = missing_operators(program)
    return {"operators": sorted({op.desc.type for op in missing})}


if __name__ == "__main__":
    main(lacks, tools=("paddle2onnx",))
