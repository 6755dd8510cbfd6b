"""A Paddle program as `opt` gets it: after the rewrites, still a Paddle program.

Inputs: `program`. Options: `rewrites` (names), `target` ("x86" where it is absent: what can be run here). Writes
`inference.pdmodel` and `inference.pdiparams`; returns `rewrites` (reports) and `changed` (the first result of each
operator that a rewrite has changed or made, in order).
"""

import shutil
from typing import Any

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import ops, read_program, write_program
from edgeworker.protocol import Request, main
from edgeworker.rewrite import apply_rewrites
from rewriting import rewrites_for


def rewrite(request: Request) -> dict[str, Any]:
    """Raises Refusal for a rewrite that there is not, and for a damaged program."""
    folder = request.inputs["program"]
    program = read_program(folder / "inference.pdmodel")
    before = {op.desc.SerializeToString() for op in ops(program)}
    graph = ProgramGraph(program)
    reports = apply_rewrites(graph, rewrites_for(request.options.get("target", "x86"), request.options))
    write_program(graph.settled(), request.output / "inference.pdmodel")
    shutil.copyfile(folder / "inference.pdiparams", request.output / "inference.pdiparams")
    changed = [
        next((name for slot in op.desc.outputs for name in slot.arguments), op.desc.type)
        for op in ops(program)
        if op.desc.SerializeToString() not in before
    ]
    return {"rewrites": reports, "changed": changed}


if __name__ == "__main__":
    main(rewrite, tools=("paddlelite",))
