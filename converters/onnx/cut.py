# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "paddle2onnx==1.3.1",
#     "colorama==0.4.6",
#     "flatbuffers==25.12.19",
#     "ml-dtypes==0.6.0",
#     "mpmath==1.3.0",
#     "numpy==2.4.6",
#     "onnx==1.23.2",
#     "onnxruntime==1.32.0",
#     "onnxslim==0.1.98",
#     "packaging==26.3",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
#     "sympy==1.14.0",
#     "typing-extensions==4.16.0",
# ]
# ///
"""Cut out of `model.onnx` what computes some tensors from others, with its parameters.

Inputs: `model`. Options: `inputs` (tensor -> its shape), `outputs` (names). Writes `model.onnx`, whose inputs and
outputs have the tensors' names.
"""

from typing import Any

import onnx
from edgeworker.protocol import Refusal, Request, main
from onnx import helper


def cut(request: Request) -> dict[str, Any]:
    """Returns `layers`: how many nodes are left. Raises Refusal where the outputs need more than the inputs."""
    model = onnx.load(request.inputs["model"])
    inputs: dict[str, list[int]] = request.options["inputs"]
    outputs: list[str] = request.options["outputs"]
    needed, nodes = set(outputs), []
    for node in reversed(model.graph.node):
        made = [name for name in node.output if name in needed and name not in inputs]
        if made:
            nodes.append(node)
            needed.update(name for name in node.input if name)
    nodes.reverse()
    constants = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    known = {*inputs, *(tensor.name for tensor in constants), *(name for node in nodes for name in node.output)}
    if missing := sorted(needed - known):
        raise Refusal(f"{', '.join(outputs)} cannot be computed without {missing[0]}", kind="input")
    graph = helper.make_graph(
        nodes,
        "cut",
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs],
        constants,
    )
    small = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    inferred = onnx.shape_inference.infer_shapes(small)
    onnx.save(inferred, request.output / "model.onnx")
    return {"layers": len(nodes)}


if __name__ == "__main__":
    main(cut, tools=("onnx",))
