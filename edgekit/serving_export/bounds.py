"""Between which values an output may lie, from the oracle's and the verdict's limit.

A server of others is judged by whoever has no edgekit. What is compared of an output (`edgekit.parity.values`) rises
with its values, so the limit on the error there is one on the values themselves.
"""

import numpy as np
from numpy.typing import NDArray

from edgekit.parity.metrics import Array
from edgekit.parity.values import COARSE_SIGMOID, SATURATION, SMALLEST_PROBABILITY, Digits, compared, scales
from edgekit.parity.verdict import OutputKind, Precision

Bounds = tuple[NDArray[np.float64], NDArray[np.float64]]


def bounds(truth: Array, kind: OutputKind, precision: Precision, limit: float, sigmoid_error: float) -> Bounds:
    """The lowest and highest values, [N, C] each, that are off the truth, float64 [N, C], by no more than `limit`."""
    digits = Digits.of(precision, sigmoid_error)
    exact = compared(truth, truth, kind, precision, digits)
    room = limit * scales(exact, kind)[:, None]
    if kind == "probabilities":
        smallest = SMALLEST_PROBABILITY[precision]
        lower, upper = np.exp(exact - room), np.exp(exact + room)
        # Below the smallest one all count as equal, rounding below zero too.
        return np.where(lower <= smallest, -smallest, lower), np.maximum(upper, smallest)
    if kind == "sigmoid":
        (below, above), slack = digits.cut, np.where(truth < 0.5, *digits.slack)
        lower, upper = (1 / (1 + np.exp(-(exact + sign * room))) for sign in (-1, 1))
        outside = max(SATURATION[precision][1], COARSE_SIGMOID)
        return (
            np.where(lower <= below, -outside, lower - slack),
            np.where(upper >= 1 - above, 1 + outside, upper + slack),
        )
    return exact - room, exact + room
