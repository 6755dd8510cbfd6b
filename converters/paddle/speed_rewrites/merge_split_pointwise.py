"""`merge-split-pointwise`: convolutions of one pixel on parts of the channels become one convolution of groups."""

from collections.abc import Iterable, Sequence

import numpy as np
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op
from edgeworker.rewrite import Rewrite

from ._convolutions import first, paddings, said
from ._split_convolutions import SplitConvolutions, reason_against, split_convolutions

Found = tuple[Op, Sequence[Op | None], Op]


class MergeSplitPointwise(Rewrite[ProgramGraph, Found]):
    """A 1 x 1 convolution for each part of the channels, put together again, is what a convolution of groups is.

    MixNet is written so in PaddleClas: Split, n convolutions, Concat. Nothing is wrong without it; it is for speed,
    where it pays: two copies less, and one call instead of n.
    """

    name = "merge-split-pointwise"

    def matches(self, graph: ProgramGraph) -> Iterable[Found]:
        """Every split before convolutions of all channels of a part."""
        for found in split_convolutions(graph):
            if all(conv is None or said(conv, "groups") == 1 for conv in found[1]):
                yield found

    def check(self, graph: ProgramGraph, match: Found) -> str | None:
        """Kernels of one pixel, without padding, all of the same shape."""
        if reason := reason_against(graph, *match):
            return reason
        shapes = set()
        for conv in match[1]:
            assert conv is not None  # `reason_against` has seen it
            kernels = graph.stored(first(conv, "Filter"))
            shapes.add(kernels.shape)
            if kernels.shape[2:] != (1, 1):
                return f"{conv.place} has kernels of {kernels.shape[2]} x {kernels.shape[3]}"
            if any(paddings(conv)):
                return f"{conv.place} pads {paddings(conv)}"
        if len(shapes) > 1:
            return f"the parts of {match[0].place} have kernels {', '.join(map(str, sorted(shapes)))}: groups are alike"
        return None

    def apply(self, graph: ProgramGraph, match: Found) -> None:
        """The kernels one below the other; a group each."""
        split, convolutions, concat = match
        found = SplitConvolutions(split, tuple(conv for conv in convolutions if conv is not None), concat)
        kernels = found.kernels(graph)
        found.replace(graph, np.concatenate(kernels), groups=len(kernels), paddings=[0, 0])
