"""`merge-mixed-depthwise`: depthwise convolutions of several kernel sizes side by side become one of the largest."""

from collections.abc import Iterable, Sequence

import numpy as np
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op
from edgeworker.rewrite import Rewrite

from ._convolutions import first, paddings, said
from ._split_convolutions import SplitConvolutions, reason_against, split_convolutions

Found = tuple[Op, Sequence[Op | None], Op]


class MergeMixedDepthwise(Rewrite[ProgramGraph, Found]):
    """A mixed depthwise convolution (Tan and Le, arXiv:1907.09595) is one depthwise convolution with padded kernels.

    Its channels are split, convolved 3 x 3, 5 x 5, 7 x 7, ... side by side, and put together again: two copies of
    everything, and as many calls as kernel sizes. With `p = (k - 1) / 2` on each side all kernels are centred on the
    same pixels, so zeros around the smaller ones change nothing: x + 0 * y is x for every finite y. Nothing is wrong
    without it; it is for speed, where it pays.
    """

    name = "merge-mixed-depthwise"

    def matches(self, graph: ProgramGraph) -> Iterable[Found]:
        """Every split before convolutions of one channel each."""
        for found in split_convolutions(graph):
            if any(conv is not None and said(conv, "groups") > 1 for conv in found[1]):
                yield found

    def check(self, graph: ProgramGraph, match: Found) -> str | None:
        """Depthwise, odd square kernels, each padded by half of itself, all of the same strides."""
        if reason := reason_against(graph, *match):
            return reason
        for conv in match[1]:
            assert conv is not None  # `reason_against` has seen it
            kernels = graph.stored(first(conv, "Filter"))
            channels, per_group, height, width = kernels.shape
            if per_group != 1 or said(conv, "groups") != channels:
                return f"{conv.place} is not depthwise with one result a channel"
            if height != width or height % 2 == 0:
                return f"{conv.place} has kernels of {height} x {width}, which have no middle"
            if said(conv, "dilations") != [1, 1]:
                return f"{conv.place} is dilated"
            if paddings(conv) != (height // 2,) * 4:
                return f"{conv.place} pads {paddings(conv)}, not half of its kernels"
        return None

    def apply(self, graph: ProgramGraph, match: Found) -> None:
        """Zeros around the smaller kernels."""
        split, convolutions, concat = match
        found = SplitConvolutions(split, tuple(conv for conv in convolutions if conv is not None), concat)
        kernels = found.kernels(graph)
        largest = max(kernel.shape[2] for kernel in kernels)
        merged = np.concatenate([enlarged(kernel, largest) for kernel in kernels])
        found.replace(graph, merged, groups=len(merged), paddings=[largest // 2, largest // 2])


def enlarged(kernels: np.ndarray, size: int) -> np.ndarray:
    """Odd kernels [out, in, k, k] in the middle of zeros, [out, in, size, size]."""
    edge = (size - kernels.shape[2]) // 2
    return np.pad(kernels, ((0, 0), (0, 0), (edge, edge), (edge, edge)))
