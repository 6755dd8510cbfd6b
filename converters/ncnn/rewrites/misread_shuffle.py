"""A shuffle of channels that pnnx would take for another one."""

from collections.abc import Iterable

import onnx
from onnx_graph import OnnxGraph, attribute

from .lower_rank import LowerRank

_SHUFFLE = [0, 2, 1, 3, 4]
_IMAGE_RANK = 4


class MisreadShuffle(LowerRank):
    """Without it ncnn computes something else, or crashes, and nothing says so.

    pnnx makes ncnn's ShuffleChannel of a Reshape to [1, groups, C / groups, H, W], the Transpose that swaps the two,
    and a Reshape back, and takes what the first Reshape reads for the image [1, C, H, W]. Where two shuffles
    follow each other (MicroNet) that is the first one's [1, a, b, H, W], whose Reshape to the image OnnxSlim has
    merged with the next: ShuffleChannel then gets `a` channels (a segmentation fault at the first run).

    With height and width counted as one dimension the same swap is not taken for a shuffle.
    """

    name = "misread-shuffle"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every swap of a shuffle that reads anything but the image."""
        for node in graph.model.graph.node:
            if node.op_type != "Transpose" or attribute(node, "perm", []) != _SHUFFLE:
                continue
            before = graph.producer(node.input[0])
            if before is not None and before.op_type == "Reshape":
                source, parted = graph.shape(before.input[0]), graph.shape(node.input[0])
                image = parted and [parted[0], parted[1] * parted[2], *parted[3:]]
                if not (source and len(source) == _IMAGE_RANK and source == image):
                    yield node
