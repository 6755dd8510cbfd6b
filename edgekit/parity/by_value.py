"""How far each value of an output is off: what the figures of a verdict are the largest and the mean of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.parity import metrics
from edgekit.parity.counted import counted_samples
from edgekit.parity.metrics import Array
from edgekit.parity.values import compared, digits_of_both, scales
from edgekit.parity.verdict import OutputKind, Precision


@dataclass(frozen=True)
class ByValue:
    """One output of artifact, reference and oracle as they are compared (`values.compared`): float64 [N, C] each.

    `scale` [N] is what the errors of each sample are relative to, `labels` [N] are the samples' names, `counted` the
    places of those on which the errors are judged.
    """

    artifact: Array
    reference: Array
    oracle: Array
    scale: Array
    labels: tuple[str, ...]
    counted: tuple[int, ...]

    @property
    def errors(self) -> Array:
        """Relative errors of the artifact against the oracle, [N, C]."""
        return metrics.relative_errors(self.artifact, self.oracle, self.scale)

    @property
    def reference_errors(self) -> Array:
        """The same of the reference: the noise that limits are measured by."""
        return metrics.relative_errors(self.reference, self.oracle, self.scale)


def by_value(
    artifact: np.ndarray,
    reference: np.ndarray,
    oracle: np.ndarray,
    labels: Sequence[str],
    kinds: Sequence[str],
    kind: OutputKind,
    precision: Precision,
    *,
    sigmoid_error: float = 0.0,
    of_paddle: bool = True,
) -> ByValue:
    """Every value of one output that a verdict has figures of: arrays [N, ...] of one shape, N `labels` and `kinds`.

    `of_paddle` says that the reference is Paddle's; `sigmoid_error` is as `judge.judge_outputs` has it. Raises
    ValueError where the shapes differ.
    """
    if not artifact.shape == reference.shape == oracle.shape or not len(labels) == len(kinds) == len(oracle):
        raise ValueError(f"shapes differ: {artifact.shape}, {reference.shape}, {oracle.shape} of {len(labels)} samples")
    rows = [np.asarray(values, np.float64).reshape(len(oracle), -1) for values in (artifact, reference, oracle)]
    own, theirs = digits_of_both(precision, sigmoid_error, of_paddle=of_paddle)
    ours, base, truth = (
        compared(values, rows[2], kind, precision, digits)
        for values, digits in zip(rows, (own, theirs, own), strict=True)
    )
    return ByValue(ours, base, truth, scales(truth, kind), tuple(labels), tuple(counted_samples(kinds, precision)))
