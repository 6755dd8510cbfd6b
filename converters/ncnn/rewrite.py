# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "ncnn==1.0.20261020",
#     "ml-dtypes==0.6.0",
#     "numpy==2.2.6",
#     "onnx==1.23.2",
#     "pnnx==20261020",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.uv]
# # pnnx declares torch for its Python front; its executable, all that is used here, has no need of it.
# # ncnn declares what its model zoo downloads with.
# override-dependencies = [
#     "portalocker ; python_version < '3'",
#     "requests ; python_version < '3'",
#     "torch ; python_version < '3'",
#     "tqdm ; python_version < '3'",
# ]
# ///
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
