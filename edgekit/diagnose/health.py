"""Does a tensor still hold what it should? Two arrays in, one figure and one word out."""

from enum import StrEnum

import msgspec
import numpy as np

FACTOR = 8.0
"""How many times its own noise a tensor may be off, as in `edgekit.parity` (docs/parity.md)."""
FLOOR = 1e-5
"""Between two engines nothing below this parts: a sum of a thousand FP32 products is off by up to 1e-5 of its terms."""
TWIN_FLOOR = 1e-7
"""One engine on two files of one graph computes the same bits; this is one unit in the last place of the largest."""


VOUCHING_VALUES = 16
"""A tensor of fewer values, or of whole numbers, says nothing of what it was computed from: shapes are always right."""


RECOGNISED_SHARE = 0.25
"""A tensor of which so many values agree with a healthy one is that tensor, damaged: chance does not do it."""
SIGNIFICANT = 1e-3
"""Values below this share of the largest prove nothing by agreeing: a ReLU makes half of all values zero."""


class State(StrEnum):
    """What is known of a tensor."""

    HEALTHY = "healthy"
    WRONG = "wrong"
    """It is recognised, and is not what it should be."""
    UNMATCHED = "unmatched"
    """No healthy tensor is like it: it is wrong, or the other graph has nothing of the kind."""


class Health(msgspec.Struct, frozen=True):
    """One tensor's state; `error` relative to the counterpart's largest value, `limit` what it may be."""

    state: State
    error: float | None = None
    limit: float | None = None
    counterpart: str | None = None
    shape: tuple[int, ...] = ()
    healthy_shape: tuple[int, ...] = ()
    vouches: bool = True
    """Whether its health says that what it was computed from is healthy too."""

    @property
    def healthy(self) -> bool:
        """Whether it is what it should be."""
        return self.state is State.HEALTHY


def relative_error(values: np.ndarray, truth: np.ndarray) -> float:
    """`max |values - truth| / max |truth|` over two arrays of as many values, whatever their shapes; inf with NaN.

    Values that are not finite in both, and the same, agree. A truth of zeros counts as having the scale 1.
    """
    if values.size != truth.size:
        return float("inf")
    mine, theirs = values.reshape(-1).astype(np.float64), truth.reshape(-1).astype(np.float64)
    if not mine.size:
        return 0.0
    with np.errstate(invalid="ignore"):
        gap = np.abs(mine - theirs)
    gap[(mine == theirs) | (np.isnan(mine) & np.isnan(theirs))] = 0.0
    finite = np.abs(theirs[np.isfinite(theirs)])
    largest = float(finite.max()) if finite.size else 0.0
    worst = float(gap.max())
    return float("inf") if np.isnan(worst) or np.isnan(gap).any() else worst / (largest or 1.0)


def agreeing_share(values: np.ndarray, truth: np.ndarray, limit: float) -> float:
    """Of the truth's significant values, how many are within `limit` of the largest, 0 to 1."""
    if values.size != truth.size or not truth.size:
        return 0.0
    mine, theirs = values.reshape(-1).astype(np.float64), truth.reshape(-1).astype(np.float64)
    largest = float(np.abs(theirs).max())
    significant = np.abs(theirs) > SIGNIFICANT * largest
    if not np.isfinite(largest) or not significant.any():
        return 0.0
    with np.errstate(invalid="ignore"):
        return float(np.mean(np.abs(mine - theirs)[significant] <= limit * largest))


def health(
    values: np.ndarray, truth: np.ndarray, noise: float, floor: float, counterpart: str, *, certain: bool = False
) -> Health:
    """Judge one tensor against its counterpart, whose own noise is `noise`, relative as `relative_error` is.

    Names deceive: unless it is `certain` that the two are the same, one that is off is wrong only where part of it
    agrees, and unmatched otherwise.
    """
    error, limit = relative_error(values, truth), max(FACTOR * noise, floor)
    if error <= limit:
        state = State.HEALTHY
    elif certain or agreeing_share(values, truth, limit) >= RECOGNISED_SHARE:
        state = State.WRONG
    else:
        state = State.UNMATCHED
    return Health(state, error, limit, counterpart, tuple(values.shape), tuple(truth.shape), vouches(values))


def vouches(values: np.ndarray) -> bool:
    """Whether a tensor holds enough to tell right from wrong before it."""
    return values.size >= VOUCHING_VALUES and values.dtype.kind == "f"
