"""A batch normalisation of rows as the factor and the summand that it is."""

from collections.abc import Iterable

import numpy as np
import onnx
from edgeworker.rewrite import Rewrite
from onnx_graph import OnnxGraph, attribute, place


class AffineRows(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it ncnn computes with memory that is not its own, and nothing says so.

    A BatchNormalization tells pnnx that its first dimension is the batch, which it drops. Where tokens are
    normalised as rows, [N, C] (LeViT flattens [1, N, C] for it), the N are no batch: ncnn gets a vector of C numbers
    for a matrix and reads beyond it; the results change from run to run.

    With fixed statistics it is x * scale + shift, one number each a channel. Where x is the product with a constant
    matrix, these are folded into the matrix and a summand, in float64.
    """

    name = "affine-rows"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every BatchNormalization of a matrix of several rows."""
        for node in graph.model.graph.node:
            if node.op_type == "BatchNormalization" and graph.rank(node.input[0]) == 2:
                shape = graph.shape(node.input[0])
                if shape is None or shape[0] != 1:
                    yield node

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this one stays, or None."""
        if graph.shape(match.input[0]) is None:
            return f"{place(match)}: the shape of {match.input[0]!r} is not known"
        if attribute(match, "training_mode", 0) or len(match.output) > 1:
            return f"{place(match)}: it computes the statistics of what it gets"
        if any(graph.constant(name) is None for name in list(match.input)[1:]):
            return f"{place(match)}: its statistics are no constants"
        return None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """The output keeps its name, its shape and its values but for the rounding."""
        constants = [graph.constant(name) for name in list(match.input)[1:]]
        gamma, beta, mean, variance = (one.astype(np.float64) for one in constants if one is not None)
        scale = gamma / np.sqrt(variance + attribute(match, "epsilon", 1e-5))
        shift = beta - mean * scale
        output, shape = match.output[0], graph.shape(match.input[0])
        assert shape is not None
        source, product = _rows(graph, match.input[0])
        rows = graph.shape(source) or shape
        graph.rename_output(match, 0, graph.fresh_name(f"{output}.normalised"), shape)
        weights = None if product is None else graph.constant(product.input[1])
        if product is not None and weights is not None:
            folded = graph.add_constant(f"{output}.folded", (weights * scale).astype(np.float32))
            scaled = graph.add("MatMul", [product.input[0], folded], graph.fresh_name(f"{output}.scaled"), rows, match)
        else:
            factor = graph.add_constant(f"{output}.scale", scale.astype(np.float32))
            scaled = graph.add("Mul", [source, factor], graph.fresh_name(f"{output}.scaled"), rows, match)
        summand = graph.add_constant(f"{output}.shift", shift.astype(np.float32))
        if rows == shape:
            graph.add("Add", [scaled, summand], output, shape, match)
        else:
            shifted = graph.add("Add", [scaled, summand], graph.fresh_name(f"{output}.shifted"), rows, match)
            graph.reshape(shifted, output, shape, match)


def _rows(graph: OnnxGraph, value: str) -> tuple[str, onnx.NodeProto | None]:
    """What `value` is before it was flattened; and the product with a matrix that made it, for no other reader."""
    shape, alone = graph.shape(value), len(graph.readers(value)) == 1
    node = graph.producer(value)
    while node is not None and node.op_type in ("Reshape", "Flatten", "Squeeze"):
        before = graph.shape(node.input[0])
        if shape is None or before is None or before[-1] != shape[-1]:
            break
        value = node.input[0]
        alone = alone and len(graph.readers(value)) == 1
        node = graph.producer(value)
    if node is None or node.op_type != "MatMul" or not alone or graph.is_output(value):
        return value, None
    weights = graph.constant(node.input[1])
    return value, node if weights is not None and weights.ndim == 2 else None
