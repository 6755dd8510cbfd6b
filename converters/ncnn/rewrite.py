"""`model.onnx` as pnnx gets it: after the rewrites, still ONNX.

Inputs: `onnx`. Options: `rewrites` (names). Writes `model.onnx`; returns `rewrites` (reports) and `changed` (the values
that the model had and that are now computed in another way, in order).
"""

from typing import Any

import onnx
from edgeworker.protocol import Request, main
from onnx_graph import OnnxGraph
from rewriting import chosen_rewrites, rewrite_graph


def rewrite(request: Request) -> dict[str, Any]:
    """Raises Refusal for a rewrite that there is not, and for a graph with open shapes."""
    before = onnx.load(request.inputs["onnx"])
    graph = OnnxGraph(onnx.load(request.inputs["onnx"]))
    reports = rewrite_graph(graph, chosen_rewrites(request.options.get("rewrites") or []))
    onnx.save(graph.model, request.output / "model.onnx")
    kept = {node.SerializeToString() for node in graph.model.graph.node}
    changed = [node.output[0] for node in before.graph.node if node.SerializeToString() not in kept]
    return {"rewrites": reports, "changed": changed}


if __name__ == "__main__":
    main(rewrite, tools=("onnx",))
