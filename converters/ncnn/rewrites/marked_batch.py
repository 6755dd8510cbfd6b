"""An input that is parted at once, behind an operator that says which of its dimensions is the batch."""

from collections.abc import Iterable

from edgeworker.rewrite import Rewrite
from onnx_graph import OnnxGraph

from ._rank_plans import VIEWS

_IMAGE_RANK = 4


class MarkedBatch(Rewrite[OnnxGraph, str]):
    """Without it pnnx counts the batch as one of ncnn's four dimensions and leaves `Tensor.reshape` layers.

    pnnx learns which dimension is the batch from operators such as Conv, and does not look through a Reshape. Where an
    image is cut into patches before anything else (TNT), nothing tells. A pool of one pixel does, and changes nothing.
    """

    name = "marked-batch"

    def matches(self, graph: OnnxGraph) -> Iterable[str]:
        """Every input, an image, that a change of shape or order reads."""
        views = (*VIEWS, "Transpose")
        for port in graph.model.graph.input:
            image = graph.rank(port.name) == _IMAGE_RANK and graph.constant(port.name) is None
            if image and any(node.op_type in views for node in graph.readers(port.name)):
                yield port.name

    def check(self, graph: OnnxGraph, match: str) -> str | None:
        """Why this input is left as it is, or None."""
        shape = graph.shape(match)
        return None if shape else f"input {match}: its shape is not known"

    def apply(self, graph: OnnxGraph, match: str) -> None:
        """All readers read the pool's output."""
        readers = graph.readers(match)
        first = next(node for node in graph.model.graph.node if any(node is reader for reader in readers))
        marked = graph.fresh_name(f"{match}.marked")
        graph.add("MaxPool", [match], marked, graph.shape(match) or [], first, kernel_shape=[1, 1])
        for node in readers:
            for position, name in enumerate(node.input):
                if name == match:
                    graph.connect(node, position, marked)
