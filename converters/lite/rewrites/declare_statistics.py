"""`declare-statistics`: declare what an instance normalisation keeps of its input."""

from collections.abc import Sequence
from math import prod

from .lost_outputs import LostOutputs


class DeclareStatistics(LostOutputs):
    """Give each `instance_norm` its outputs `SavedMean` and `SavedVariance` again: tensors [N * C].

    Without them Paddle Lite 2.13 ends ("Check failed: is_dispensable || is_have_output").
    """

    name = "declare-statistics"
    types = ("instance_norm",)
    outputs = ("SavedMean", "SavedVariance")

    def shape(self, dims: Sequence[int]) -> list[int]:
        """One for each channel of each sample; open where the batch is."""
        leading = dims[:2]
        return [prod(leading) if all(size > 0 for size in leading) else -1]
