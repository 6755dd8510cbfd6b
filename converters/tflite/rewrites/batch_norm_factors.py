"""A batch norm of an image with as many rows or columns as channels, as a product and a sum."""

from collections.abc import Iterable

import numpy as np
import onnx
from edgeworker.rewrite import Rewrite
from onnx import helper
from shaped_graph import ShapedGraph

_IMAGE_RANK = 4
_EPSILON = 1e-5  # of ONNX's BatchNormalization, where a node names none


class BatchNormFactors(Rewrite[ShapedGraph, onnx.NodeProto]):
    """onnx2tf finds a batch norm's channels by how many its parameters are, and takes columns of that number for them.

    y = x * f + (b - m * f) with f = s / sqrt(v + epsilon), as [1, C, 1, 1], leaves it nothing to guess. Factors are
    computed in float64 (ONNX's BatchNormalization, opset 15).
    """

    name = "batch-norm-factors"

    def matches(self, graph: ShapedGraph) -> Iterable[onnx.NodeProto]:
        """Batch norms of images whose channels are as many as their rows or columns."""
        for node in graph.nodes("BatchNormalization"):
            shape = graph.shape(node.input[0])
            if shape is not None and len(shape) == _IMAGE_RANK and shape[1] in shape[2:]:
                yield node

    def check(self, graph: ShapedGraph, match: onnx.NodeProto) -> str | None:
        """All four parameters must be stored, and nothing but the image may leave."""
        if any(graph.constant(name) is None for name in match.input[1:]):
            return "a parameter is computed"
        if len(match.output) > 1:
            return "it is being trained"
        return None

    def apply(self, graph: ShapedGraph, match: onnx.NodeProto) -> None:
        """Mul, Add."""
        (result,) = match.output
        scale, bias, mean, variance = (graph.constant(name) for name in match.input[1:])
        assert scale is not None and bias is not None and mean is not None and variance is not None  # see `check`
        epsilon = next((one.f for one in match.attribute if one.name == "epsilon"), _EPSILON)
        factor = scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
        summand = bias - mean * factor
        product = f"{result}_scaled"
        parts = [
            graph.store(f"{result}_{name}", values.astype(scale.dtype).reshape(1, -1, 1, 1))
            for name, values in (("factor", factor), ("summand", summand))
        ]
        graph.put(
            match,
            [
                helper.make_node("Mul", [match.input[0], parts[0]], [product], name=product),
                helper.make_node("Add", [product, parts[1]], [result], name=match.name or result),
            ],
        )
