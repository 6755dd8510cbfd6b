"""`widen-groups`: a convolution of groups of a few channels becomes one of fewer, wider groups, with zeros."""

from collections.abc import Iterable

import numpy as np
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op
from edgeworker.rewrite import Rewrite

from ._convolutions import first, first_result, more_than_kernels, said

BLOCK = 16
"""Channels that runtimes keep together with AVX-512."""
WHOLE = 24
"""Channels of which a kernel of one pixel reads all, at most: the more there are, the more zeros it multiplies."""


class WidenGroups(Rewrite[ProgramGraph, Op]):
    """Kernels of adjacent groups on the diagonal of one kernel of zeros, which reads the channels of all of them.

    Runtimes keep channels in blocks, and convolve so only where a group fills blocks. What has narrower groups is put
    into another order before and after (ONNX Runtime), or convolved group by group (ncnn): MixNet's first convolutions,
    DPN, ResNeXt. Where few channels are read, multiplying zeros takes less than that.
    """

    name = "widen-groups"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every convolution of groups, not depthwise, of which several can be put together."""
        for conv in graph.ops({"conv2d"}):
            groups, (_, each, *kernel) = said(conv, "groups"), graph.shape(first(conv, "Filter"))
            if together(groups, each, kernel) > 1:
                yield conv

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """Stored kernels in FP32 of its own, and nothing but them."""
        return more_than_kernels(graph, match)

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """The kernels on diagonals."""
        kernels, groups = graph.stored(first(match, "Filter")), said(match, "groups")
        count, each, *kernel = kernels.shape
        joined = together(groups, each, kernel)
        wide = np.zeros((count, joined * each, *kernel), np.float32)
        for group, rows in enumerate(np.split(np.arange(count), groups)):
            column = group % joined * each
            wide[rows, column : column + each] = kernels[rows]
        result = first_result(match)
        names = ("strides", "paddings", "dilations", "data_format", "padding_algorithm")
        kept = {name: said(match, name) for name in names}
        building = graph.building(match)
        inputs = {"Input": first(match, "Input"), "Filter": graph.add_parameter(f"{result}.wide_kernels", wide)}
        building.add("conv2d", inputs, slot="Output", into=result, groups=groups // joined, **kept)
        building.finish()


def together(groups: int, each: int, kernel: list[int]) -> int:
    """How many adjacent groups, of `each` channels read, become one: as many as fill a block, or all; else 1."""
    if groups < 2 or each < 2:
        return 1
    if BLOCK % each == 0 and groups % (BLOCK // each) == 0:
        return BLOCK // each
    return groups if kernel == [1, 1] and groups * each <= WHOLE else 1
