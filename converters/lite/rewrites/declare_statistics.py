"""`declare-statistics`: declare what an instance normalisation keeps of its input."""

from collections.abc import Sequence

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
        batch, channels = dims[:2]
        return [batch * channels if batch > 0 and channels > 0 else -1]
