"""A Paddle program as one target gets it that is faster with another graph: after the rewrites for speed.

Inputs, options and what it writes are those of `rewrite.py`, from which it gets the program.
"""

from typing import Any

from edgeworker.protocol import Request, main
from rewrite import rewritten
from speed_rewrites import SPEED_REWRITES


def speed(request: Request) -> dict[str, Any]:
    """`rewritten` with the rewrites for speed."""
    return rewritten(request, SPEED_REWRITES)


if __name__ == "__main__":
    main(speed, tools=())
