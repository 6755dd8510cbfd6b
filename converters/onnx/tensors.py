"""The graph of `model.onnx`, and the tensors inside it as ONNX Runtime computes them.

Inputs: `model`, `tensors` (one batch; absent for the graph alone). Options: `names` (see `edgeworker.observe`),
`inputs` (program's name -> the model's name), `threads`.
"""

from typing import Any

import numpy as np
import onnx
import onnxruntime
from edgeworker.observe import Graph, Layer, computed_from, digest, observe_job
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors
from onnx import helper, numpy_helper

_SHOWN = 12  # elements of a list attribute


class OnnxObservable:
    """One model; a tensor is asked for by making it an output."""

    def __init__(self, request: Request) -> None:
        path = request.inputs["model"]
        try:
            self._model = onnx.load(path)
        except Exception as error:  # protobuf's own errors have no common base
            raise Refusal(f"{path.name} is not an ONNX model, or is cut short", kind="input") from error
        self._names: dict[str, str] = request.options.get("inputs") or {}
        self._threads = int(request.options.get("threads", 1))

    def graph(self) -> Graph:
        """Nodes that depend on the inputs; the others only make constants."""
        graph = self._model.graph
        constants = {tensor.name: tensor for tensor in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
                constants[node.output[0]] = node.attribute[0].t
        inputs = [value.name for value in graph.input if value.name not in constants]
        computed = computed_from(inputs, [(list(node.input), list(node.output)) for node in graph.node])
        made = set(inputs)
        layers = []
        for node, depends in zip(graph.node, computed, strict=True):
            if not depends:
                continue
            made.update(node.output)
            layers.append(
                Layer(
                    node.name or node.output[0],
                    node.op_type,
                    [name for name in dict.fromkeys(node.input) if name in made],
                    [name for name in node.output if name],
                    {attr.name: _text(attr) for attr in node.attribute},
                    {
                        name: digest(numpy_helper.to_array(constants[name]))
                        for name in dict.fromkeys(node.input)
                        if name in constants
                    },
                )
            )
        return Graph(inputs, [value.name for value in graph.output], layers)

    def observe(self, inputs: Tensors, names: list[str]) -> Tensors:
        """Run the model with `names` among its outputs."""
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        fed = {self._names.get(name, name): value for name, value in inputs.items()}
        present = {value.name for value in model.graph.output} | set(fed)
        # Without a type: ONNX Runtime infers it.
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in present)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions have no common base either
            raise Refusal(f"ONNX Runtime cannot load the model: {str(error).splitlines()[0]}", kind="input") from error
        asked = [name for name in names if name not in fed]
        values = session.run(asked, fed) if asked else []
        found = {name: np.asarray(value) for name, value in zip(asked, values, strict=True)}
        return found | {name: fed[name] for name in names if name in fed}


def _text(attr: onnx.AttributeProto) -> str:
    value = helper.get_attribute_value(attr)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, onnx.TensorProto):
        return f"tensor {list(value.dims)}"
    if isinstance(value, (int, float, str)):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, onnx.GraphProto):
        return "graph"
    items = [f"{item:g}" if isinstance(item, float) else str(item) for item in list(value)]
    return f"[{', '.join(items[:_SHOWN])}{', ...' if len(items) > _SHOWN else ''}]"


def job(request: Request) -> dict[str, Any]:
    """`observe_job` with ONNX Runtime."""
    return observe_job(OnnxObservable, request)


if __name__ == "__main__":
    main(job, tools=("onnxruntime",))
