"""Cut out of `model.onnx` what computes some tensors from others, with its parameters.

Inputs: `model`. Options: `inputs` (tensor -> its shape), `outputs` (names). Writes `model.onnx`, whose inputs and
outputs have the tensors' names.
"""

from typing import Any

import onnx
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
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
