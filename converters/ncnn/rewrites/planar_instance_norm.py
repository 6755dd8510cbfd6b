"""An instance normalisation of rows as one of images of one column."""

from collections.abc import Iterable

import onnx
from edgeworker.rewrite import Rewrite
from onnx_graph import OnnxGraph, place

_ROWS = 3


class PlanarInstanceNorm(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it pnnx leaves an `nn.InstanceNorm1d`, which ncnn does not know.

    paddle2onnx writes a group normalisation as an InstanceNormalization of [N, groups, L], a factor and a summand,
    of which pnnx makes ncnn's GroupNorm. Where factor and summand have been folded away (ones and zeros), or
    stand elsewhere, the normalisation of rows is left. ncnn has one of images.
    """

    name = "planar-instance-norm"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every InstanceNormalization of rows that is no group normalisation."""
        return (
            node
            for node in graph.model.graph.node
            if node.op_type == "InstanceNormalization"
            and graph.rank(node.input[0]) == _ROWS
            and not _of_groups(graph, node)
        )

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this one stays, or None."""
        shape = graph.shape(match.input[0])
        return None if shape else f"{place(match)}: the shape of {match.input[0]!r} is not known"

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """The output keeps its name, its shape and its values."""
        output, shape = match.output[0], graph.shape(match.input[0]) or []
        image = [*shape, 1]
        graph.connect(match, 0, graph.reshape(match.input[0], graph.fresh_name(f"{output}.image"), image, match))
        normal = graph.fresh_name(f"{output}.normal")
        graph.rename_output(match, 0, normal, image)
        graph.reshape(normal, output, shape, match, after=True)


def _of_groups(graph: OnnxGraph, node: onnx.NodeProto) -> bool:
    """Whether a Reshape, a product with a constant and a sum with a constant follow, and nothing else reads them."""
    for operator in ("Reshape", "Mul", "Add"):
        readers = graph.readers(node.output[0])
        if len(readers) != 1 or readers[0].op_type != operator:
            return False
        (node,) = readers
        if operator != "Reshape" and not any(graph.constant(name) is not None for name in node.input):
            return False
    return True
