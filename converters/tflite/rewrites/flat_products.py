"""A product of a stack of rows with a matrix, as one product of all rows."""

from collections.abc import Iterable

import onnx
from edgeworker.rewrite import Rewrite
from onnx import helper
from shaped_graph import ShapedGraph

_MOST = 4
"""Dimensions of what delegates take; LiteRT's own kernel takes 5."""


class FlatProducts(Rewrite[ShapedGraph, onnx.NodeProto]):
    """LiteRT's BATCH_MATMUL takes five dimensions (batch_matmul.cc:355), and the windows of Twins have six.

    Without it alt_gvt does not load but where XNNPACK takes the operator: "NumDimensions(lhs_data) <= 5 was not true".
    """

    name = "flat-products"

    def matches(self, graph: ShapedGraph) -> Iterable[onnx.NodeProto]:
        """Products of a computed value of more than four dimensions with a matrix that is stored."""
        for node in graph.nodes("MatMul"):
            if len(graph.constant_shape(node.input[1]) or []) == 2 and graph.constant_shape(node.input[0]) is None:
                shape = graph.shape(node.input[0])
                if shape is None or len(shape) > _MOST:
                    yield node

    def check(self, graph: ShapedGraph, match: onnx.NodeProto) -> str | None:
        """The shapes on both sides must be known."""
        for name in (match.input[0], match.output[0]):
            if graph.shape(name) is None:
                return f"the shape of {name} is not known"
        return None

    def apply(self, graph: ShapedGraph, match: onnx.NodeProto) -> None:
        """Reshape, MatMul, Reshape."""
        value, weight = match.input
        result = match.output[0]
        before, after = graph.shape(value), graph.shape(result)
        assert before is not None and after is not None  # `check` has seen them
        rows, product = f"{result}_rows", f"{result}_flat"
        graph.put(
            match,
            [
                graph.reshape(value, rows, [-1, before[-1]]),
                helper.make_node("MatMul", [rows, weight], [product], name=match.name or product),
                graph.reshape(product, result, after),
            ],
        )
