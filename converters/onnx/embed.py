"""Fold the preprocessing of 8-bit photos into `model.onnx`: it then takes uint8 [N, H, W, C].

Inputs: `model.onnx`. Options: `min_value`, `divide_by`, `mean`, `std` (a value by channel each), `fused`. What is
folded in is `((level - min_value) / divide_by - mean) / std`, step by step as PaddleClas does it in FP32, or `fused`
into a product and a sum, as PaddleX 3 does, and the change of layout; resizing and cropping stay outside.
"""

from typing import Any

import numpy as np
import onnx
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from onnx import TensorProto, helper, numpy_helper

_PREFIX = "embedded_preprocessing"


def embed(request: Request) -> dict[str, Any]:
    """Write `model.onnx`; returns `inputs` (name, shape, dtype). Raises Refusal where the input is not an image."""
    model = onnx.load(request.inputs["model.onnx"])
    prepend(model.graph, normalisation(request.options))
    path = request.output / "model.onnx"
    onnx.save(model, path)
    onnx.checker.check_model(str(path))
    value = model.graph.input[0]
    shape = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in value.type.tensor_type.shape.dim]
    return {"inputs": [{"name": value.name, "shape": shape, "dtype": "uint8"}]}


def normalisation(options: dict[str, Any]) -> list[tuple[str, np.ndarray]]:
    """The operators that normalise, each with its constant, float32 [C]; what changes nothing is left out."""
    minimum, divisor, mean, std = (
        np.array(options[name], np.float64) for name in ("min_value", "divide_by", "mean", "std")
    )
    if options["fused"]:
        steps = [("Mul", 1.0 / divisor / std), ("Add", -mean / std)]
    else:
        # PaddleClas multiplies by the rounded factor.
        steps = [("Mul", 1.0 / divisor), ("Sub", mean), ("Div", std)]
        if minimum.any():
            steps.insert(0, ("Sub", minimum))
    return [(kind, constant.astype(np.float32)) for kind, constant in steps]


def prepend(graph: onnx.GraphProto, operators: list[tuple[str, np.ndarray]]) -> None:
    """Put Cast, `operators` and Transpose in front of a graph with one input [N, C, H, W]; its name stays."""
    value = graph.input[0]
    dims = value.type.tensor_type.shape.dim
    channels = len(operators[0][1])
    if len(graph.input) != 1 or len(dims) != 4 or dims[1].dim_value != channels:
        raise Refusal(
            f"preprocessing is embedded for one input [N, {channels}, H, W], and the model has {list(graph.input)}"
        )
    name, inner = value.name, f"{_PREFIX}_{value.name}"
    for node in graph.node:
        for index, used in enumerate(node.input):
            if used == name:
                node.input[index] = inner
    first = f"{_PREFIX}_cast"
    nodes, current = [helper.make_node("Cast", [name], [first], name=first, to=TensorProto.FLOAT)], first
    for index, (kind, constant) in enumerate(operators):
        result = f"{_PREFIX}_{index}_{kind.lower()}"
        graph.initializer.append(numpy_helper.from_array(constant, f"{result}_by"))
        nodes.append(helper.make_node(kind, [current, f"{result}_by"], [result], name=result))
        current = result
    nodes.append(helper.make_node("Transpose", [current], [inner], name=inner, perm=[0, 3, 1, 2]))
    kept = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *kept])
    batch, _, height, width = (_extent(dim) for dim in dims)
    graph.input[0].CopyFrom(helper.make_tensor_value_info(name, TensorProto.UINT8, [batch, height, width, channels]))


def _extent(dim: onnx.TensorShapeProto.Dimension) -> int | str | None:
    """An extent: a number, a name, or None where nothing is known."""
    return dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None


if __name__ == "__main__":
    main(embed, tools=("onnx",))
