"""`model.onnx` as onnx2tf gets it: after the rewrites, still ONNX.

Inputs: `onnx`. Options: `rewrites` (names). Writes `model.onnx`; returns `rewrites` (reports) and `changed` (the values
that the model had and that are now computed in another way, in order).
"""

from typing import Any

import onnx
from edgeworker.protocol import Request, main
from rewriting import rewritten


def rewrite(request: Request) -> dict[str, Any]:
    """Raises Refusal for a rewrite that there is not."""
    model = onnx.load(request.inputs["onnx"])
    before = [(node.output[0], node.SerializeToString()) for node in model.graph.node]
    reports = rewritten(model, request.options.get("rewrites") or [])
    onnx.save(model, request.output / "model.onnx")
    kept = {node.SerializeToString() for node in model.graph.node}
    return {"rewrites": reports, "changed": [name for name, content in before if content not in kept]}


if __name__ == "__main__":
    main(rewrite, tools=("onnx",))
