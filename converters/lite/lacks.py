"""Which operators of a Paddle program Paddle Lite has no kernel for, for ARM or for x86.

Input: `program`. Converts nothing.
"""

from typing import Any

from edgeworker.paddle_program import read_program
from edgeworker.protocol import Request, main
from supported_ops import missing_operators


def lacks(request: Request) -> dict[str, Any]:
    """Returns `operators`, the missing types in alphabetical order; raises Refusal for a damaged program."""
    program = read_program(request.inputs["program"] / "inference.pdmodel")
    missing = [op for target in ("arm", "x86") for op in missing_operators(program, target)]
    return {"operators": sorted({op.desc.type for op in missing})}


if __name__ == "__main__":
    main(lacks, tools=("paddlelite",))
