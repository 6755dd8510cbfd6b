"""The ratio of two latencies measured in turn: its median, and the interval in which it lies."""

import math
from collections.abc import Sequence

from msgspec import Struct

CONFIDENCE = 0.95
FEWEST = 6
"""Rounds: of fewer the interval from the smallest ratio to the largest holds less than `CONFIDENCE`."""


class Ratio(Struct, frozen=True):
    """`median` of the rounds' ratios, and the interval [`low`, `high`] that holds the true median with `CONFIDENCE`."""

    median: float
    low: float
    high: float
    rounds: int

    @property
    def words(self) -> str:
        """`0.65 (0.63 to 0.68)`."""
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"

    @property
    def verdict(self) -> str:
        """`faster`, `slower`, or `as fast` where the interval holds 1."""
        if self.high < 1:
            return "faster"
        return "slower" if self.low > 1 else "as fast"


def ratio_of(times: Sequence[float], base: Sequence[float]) -> Ratio:
    """How long `times` are beside `base`, round by round. Raises ValueError without rounds, or with different counts.

    The interval is that of the sign test: order statistics of the ratios, with ranks from the binomial distribution
    with p = 1/2 (W. J. Conover, *Practical Nonparametric Statistics*, 3rd ed., §3.2). It assumes nothing of how
    latencies are distributed, and disturbances that hit both of a round cancel.
    """
    ratios = sorted(one / other for one, other in zip(times, base, strict=True))
    if not ratios:
        raise ValueError("no rounds")
    rank = lower_rank(len(ratios))
    middle = len(ratios) // 2
    median = ratios[middle] if len(ratios) % 2 else (ratios[middle - 1] + ratios[middle]) / 2
    return Ratio(median, ratios[rank], ratios[-1 - rank], len(ratios))


def lower_rank(count: int, confidence: float = CONFIDENCE) -> int:
    """The rank, from 0, of the value below which the median of `count` values lies with (1 - confidence) / 2 at most.

    Of fewer than `FEWEST` values it is 0, and the interval from the smallest to the largest holds less than it should.
    """
    # The median lies below the value of rank r where at most r of the values are smaller than it.
    below, rank = 0.0, -1
    while rank + 1 < count // 2 and (below := below + math.comb(count, rank + 1) / 2**count) <= (1 - confidence) / 2:
        rank += 1
    return max(rank, 0)
