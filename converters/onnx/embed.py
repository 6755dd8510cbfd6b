"""Fold the preprocessing of 8-bit photos into `model.onnx`: it then takes uint8 RGB [N, H, W, 3].

Inputs: `model.onnx`. Options: `divide_by`, `mean`, `std` (three values each, in RGB order). What is folded in is
`(level / divide_by - mean) / std`, step by step as PaddleClas does it in FP32, and the change of layout; resizing
and cropping stay outside.
"""

from typing import Any

import numpy as np
import onnx
from edgeworker.protocol import Refusal, Request, main
from onnx import TensorProto, helper, numpy_helper

_PREFIX = "embedded_preprocessing"


def embed(request: Request) -> dict[str, Any]:
    """Write `model.onnx`; returns `inputs` (name, shape, dtype). Raises Refusal where the input is not an image."""
    model = onnx.load(request.inputs["model.onnx"])
    prepend(model.graph, **{name: request.options[name] for name in ("divide_by", "mean", "std")})
    path = request.output / "model.onnx"
    onnx.save(model, path)
    onnx.checker.check_model(str(path))
    value = model.graph.input[0]
    shape = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in value.type.tensor_type.shape.dim]
    return {"inputs": [{"name": value.name, "shape": shape, "dtype": "uint8"}]}


def prepend(graph: onnx.GraphProto, divide_by: float, mean: list[float], std: list[float]) -> None:
    """Put Cast, Mul, Sub, Div and Transpose in front of a graph with one input [N, 3, H, W]; its name stays."""
    value = graph.input[0]
    dims = value.type.tensor_type.shape.dim
    if len(graph.input) != 1 or len(dims) != 4 or dims[1].dim_value != 3:
        raise Refusal(f"preprocessing is embedded for one input [N, 3, H, W], and the model has {list(graph.input)}")
    name, inner = value.name, f"{_PREFIX}_{value.name}"
    for node in graph.node:
        for index, used in enumerate(node.input):
            if used == name:
                node.input[index] = inner
    constants = {
        "factor": np.float32(1.0 / divide_by),  # PaddleClas multiplies by the rounded factor
        "mean": np.array(mean, np.float32),
        "std": np.array(std, np.float32),
    }
    for role, constant in constants.items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(constant), f"{_PREFIX}_{role}"))
    steps = [("Cast", None, {"to": TensorProto.FLOAT}), ("Mul", "factor", {}), ("Sub", "mean", {}), ("Div", "std", {})]
    steps.append(("Transpose", None, {"perm": [0, 3, 1, 2]}))
    nodes, current = [], name
    for kind, constant, attributes in steps:
        result = inner if kind == "Transpose" else f"{_PREFIX}_{kind.lower()}"
        given = [current] if constant is None else [current, f"{_PREFIX}_{constant}"]
        nodes.append(helper.make_node(kind, given, [result], name=result, **attributes))
        current = result
    kept = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *kept])
    batch, _, height, width = (_extent(dim) for dim in dims)
    graph.input[0].CopyFrom(helper.make_tensor_value_info(name, TensorProto.UINT8, [batch, height, width, 3]))


def _extent(dim: onnx.TensorShapeProto.Dimension) -> int | str | None:
    """An extent: a number, a name, or None where nothing is known."""
    return dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None


if __name__ == "__main__":
    main(embed, tools=("onnx",))
