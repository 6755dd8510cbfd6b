"""`declare-xshape`: declare the second output of reshaping operators."""

from collections.abc import Sequence

from .lost_outputs import LostOutputs


class DeclareXShape(LostOutputs):
    """Give each reshaping operator its `XShape` output again: a tensor [0, dims of X].

    Without it Paddle Lite 2.13's process dies of a segmentation fault (FlattenContiguousRangeOp::InferType).
    """

    name = "declare-xshape"
    types = ("flatten_contiguous_range", "reshape2", "transpose2", "squeeze2", "unsqueeze2")
    outputs = ("XShape",)

    def shape(self, dims: Sequence[int]) -> list[int]:
        """A zero before the dimensions of X."""
        return [0, *dims]
