"""A Paddle program as the targets get it: after the rewrites that more than one of them needs, still a Paddle program.

Inputs: `program`. Options: `rewrites` (names). Writes `inference.pdmodel` and `inference.pdiparams`; returns `rewrites`
(reports). Paddle is not imported: what nothing applies to is passed on in no time.
"""

from collections.abc import Sequence
from typing import Any

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.rewrite import Rewrite, apply_rewrites, select
from rewrites import REWRITES


def rewritten(request: Request, available: Sequence[Rewrite[ProgramGraph, Any]]) -> dict[str, Any]:
    """What the rewrites among `available` that the request names make of its program.

    Raises Refusal for a rewrite that there is not, and for a damaged program.
    """
    folder = request.inputs["program"]
    names = request.options["rewrites"]
    try:
        chosen = select(available, names)
    except KeyError as error:
        known = ", ".join(one.name for one in available)
        raise Refusal(f"there is no rewrite of programs {error}; there are {known}", kind="input") from error
    graph = ProgramGraph.read(folder)
    reports = []
    for one in chosen:
        reports += apply_rewrites(graph, [one])
        # What led to a result that is stored now is nobody's any more, and not for the next rewrite to mend.
        if reports[-1]["applied"]:
            graph.drop_unused()
    graph.write(request.output, folder)
    return {"rewrites": reports}


def rewrite(request: Request) -> dict[str, Any]:
    """`rewritten` with those that more than one target needs."""
    return rewritten(request, REWRITES)


if __name__ == "__main__":
    main(rewrite, tools=())
