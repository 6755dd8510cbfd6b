"""What is compared of an output, by its kind: float arrays [N, C] in (N samples, C classes, labels or components).

Logits and features are compared as they are, probabilities by what they were before the softmax or the sigmoid: there
errors are of one size, and beyond it most of them hide. docs/parity.md has the reasons for each number.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from edgekit.parity import metrics
from edgekit.parity.metrics import Array
from edgekit.parity.verdict import OutputKind, Precision

SMALLEST_PROBABILITY: Mapping[Precision, float] = {
    "fp32": math.exp(-64),
    "fp16": 2.0**-14,
    "int8": 1 / 256,
    "int8-weights": 1 / 256,
    "int16-weights": 2.0**-14,
}
"""Below this a softmax's probabilities count as equal. FP32: Paddle clips the softmax's exponent at -64, in the kernel
that the float64 oracle runs too (`phi/kernels/funcs/softmax_impl.h`, `ValueClip` and `vec_clip`), so no engine can be
judged below exp(-64). FP16: its smallest normal number. INT8: one step. Weights in 8 and 16 bits: as INT8 and FP16."""

SATURATION: Mapping[Precision, tuple[float, float]] = {
    "fp32": (SMALLEST_PROBABILITY["fp32"], 2.0**-22),
    "fp16": (SMALLEST_PROBABILITY["fp16"], 2.0**-11),
    "int8": (SMALLEST_PROBABILITY["int8"], 1 / 256),
    "int8-weights": (SMALLEST_PROBABILITY["int8-weights"], 1 / 256),
    "int16-weights": (SMALLEST_PROBABILITY["int16-weights"], 2.0**-11),
}
"""How near to 0 and to 1 a sigmoid's values count as equal. Near 0 as behind a softmax. Near 1 FP32 has steps of 2^-24,
and correct engines are off by up to 2.8 of them (measured, docs/parity.md); FP16 and INT8: one step."""

PADDLE_STEP = 2.0**-24
"""What Paddle's own sigmoid may be off near 1: its value is rounded to a step."""
COARSE_SIGMOID = 2.0**-22
"""The error to expect of the sigmoid of an engine of which nothing is known, near 0 as near 1."""


class Digits(msgspec.Struct, frozen=True):
    """Which digits of a sigmoid's values count: below and above one half each.

    Within `cut` of 0 and of 1 all values count as equal; a value may be off the truth by `slack` without an error.
    """

    cut: tuple[float, float]
    slack: tuple[float, float]

    @classmethod
    def of(cls, precision: Precision, sigmoid_error: float = 0.0) -> "Digits":
        """An artifact's, run by an engine whose sigmoid is off by up to `sigmoid_error` near 0 too."""
        below, above = SATURATION[precision]
        rounded = 0.0 if precision == "fp32" else below
        above = max(above, sigmoid_error)
        return cls((max(below, sigmoid_error), above), (max(rounded, sigmoid_error), above))

    @property
    def of_paddle(self) -> "Digits":
        """Those of Paddle's FP32 reference, as far as they count beside an artifact's."""
        return msgspec.structs.replace(self, slack=(0.0, PADDLE_STEP))


def digits_of_both(precision: Precision, sigmoid_error: float, *, of_paddle: bool) -> tuple[Digits, Digits]:
    """Those of an artifact, and of its reference: Paddle's, whose sigmoid is exact near 0, or an engine's elsewhere, of
    which nothing is known.
    """
    own = Digits.of(precision, sigmoid_error)
    return own, own.of_paddle if of_paddle else Digits.of(precision, max(sigmoid_error, COARSE_SIGMOID))


def unfit(values: Array, labels: Sequence[str], kind: OutputKind, precision: Precision, *, whole: bool) -> str | None:
    """Why `values` [N, C] cannot be an output of that kind, naming the first of `labels` [N]; None where they can.

    A softmax's values are to add up to 1 where they are `whole`: each 8-bit one of a thousand is rounded to 1/256.
    """
    bad = ~np.isfinite(values)
    if bad.any():
        first = labels[int(bad.any(axis=1).argmax())]
        return f"has {int(bad.sum())} NaN or infinite values of {values.size}, first in sample {first}"
    if kind == "probabilities":
        # 1 % lets FP16 round.
        bad = (values.min(axis=1) < 0) | (whole & (np.abs(values.sum(axis=1) - 1) > 0.01))
        if bad.any():
            row = int(bad.argmax())
            return (
                f"is not made of probabilities: sample {labels[row]} has a smallest value of {values[row].min():.3g} "
                f"and a sum of {values[row].sum():.3g}"
            )
    if kind == "sigmoid":
        below = above = max(SATURATION[precision][1], COARSE_SIGMOID)
        bad = (values.min(axis=1) < -below) | (values.max(axis=1) > 1 + above)
        if bad.any():
            row = int(bad.argmax())
            return (
                f"is not a sigmoid's: sample {labels[row]} has values from {values[row].min():.3g} to "
                f"{values[row].max():.3g}, and they lie between 0 and 1"
            )
    return None


def compared(values: Array, truth: Array, kind: OutputKind, precision: Precision, digits: Digits) -> Array:
    """What is compared of `values`, beside what is compared of the `truth` itself: both [N, C], as the output has them.

    `digits` are those of a sigmoid's values, of which `values` and truth need the same `cut`.
    """
    if kind == "probabilities":
        return metrics.log_probabilities(values, SMALLEST_PROBABILITY[precision])
    if kind == "sigmoid":
        return metrics.sigmoid_logits(values, truth, digits.cut, digits.slack)
    return values


def scales(truth: Array, kind: OutputKind) -> Array:
    """What a sample's errors are relative to, [N], from the truth as it is compared.

    That of `metrics.scales`; for a sigmoid's logits at least 1, since a label's logit is one by itself and may well
    be near zero in a whole sample.
    """
    scale = metrics.scales(truth)
    return np.maximum(scale, 1.0) if kind == "sigmoid" else scale


def threshold_logits(thresholds: Sequence[float], digits: Digits) -> Array:
    """The thresholds of a sigmoid's labels as logits, [1] or [C]."""
    values = np.array([thresholds], np.float64)
    return metrics.sigmoid_logits(values, values, digits.cut, digits.slack)[0]
