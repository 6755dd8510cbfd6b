"""An output projection of attention without a summand, with one of zeros."""

from collections.abc import Iterable

import numpy as np
import onnx
from edgeworker.rewrite import Rewrite
from onnx_graph import OnnxGraph, place

# What may stand between the attended values and their projection.
_BETWEEN = ("Reshape", "Transpose")


class AttentionBias(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it pnnx ends itself, and does not say where ("what(): map::at").

    pnnx makes one MultiHeadAttention of a whole attention. Where queries and keys come from different values
    (NextViT's are from the image and from a smaller one) it reads the projections' summands without asking whether
    there are any, and ends where all four have none. One of zeros is enough; it changes no number.
    """

    name = "attention-bias"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every product with a constant matrix that reads an attention's result, where no constant is added to it."""
        for node in graph.model.graph.node:
            if node.op_type == "Softmax":
                projection = _projection(graph, node)
                if projection is not None and not _has_summand(graph, projection):
                    yield projection

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this product gets no summand, or None."""
        if graph.shape(match.output[0]) is None:
            return f"{place(match)}: the shape of {match.output[0]!r} is not known"
        return None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """The output keeps its name, its shape and its values."""
        output, shape = match.output[0], graph.shape(match.output[0]) or []
        zeros = graph.add_constant(f"{output}.zeros", np.zeros(shape[-1], np.float32))
        product = graph.fresh_name(f"{output}.product")
        graph.rename_output(match, 0, product, shape)
        graph.add("Add", [product, zeros], output, shape, match, after=True)


def _projection(graph: OnnxGraph, softmax: onnx.NodeProto) -> onnx.NodeProto | None:
    """Softmax -> product with the values -> views -> product with a constant matrix; nothing else reads these."""
    node, products = softmax, 0
    while True:
        readers = graph.readers(node.output[0])
        if len(readers) != 1 or readers[0].input[0] != node.output[0]:
            return None
        (node,) = readers
        if node.op_type == "MatMul":
            products += 1
            weights = graph.constant(node.input[1])
            if products == 2:
                return node if weights is not None and weights.ndim == 2 else None
            if weights is not None:
                return None
        elif node.op_type not in _BETWEEN or products == 0:
            return None


def _has_summand(graph: OnnxGraph, product: onnx.NodeProto) -> bool:
    readers = graph.readers(product.output[0])
    return (
        len(readers) == 1
        and readers[0].op_type == "Add"
        and any(graph.constant(name) is not None for name in readers[0].input)
    )
