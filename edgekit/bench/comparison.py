"""Two latencies that were measured apart, and whether they can be told from each other."""

from collections.abc import Sequence

from edgekit.bench.ratio import Ratio, lower_rank

EACH = 0.975
"""The confidence of each median's interval, so that both hold with 0.95 (Bonferroni)."""
FEWEST = 8
"""Of fewer parts the interval from the smallest to the largest holds less than it should."""


def median_interval(parts: Sequence[float], confidence: float = EACH) -> tuple[float, float, float]:
    """The median of some parts' p50, and the interval that holds the true one with `confidence` (`ratio_of`).

    Raises ValueError for fewer than `FEWEST` parts.
    """
    if len(parts) < FEWEST:
        raise ValueError(f"{len(parts)} parts are too few for an interval")
    ordered = sorted(parts)
    rank, middle = lower_rank(len(ordered), confidence), len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return median, ordered[rank], ordered[-1 - rank]


def compared(parts: Sequence[float], base: Sequence[float]) -> Ratio | None:
    """How long `parts` are beside `base`, each the p50 of parts of one run in a row; None where there are too few.

    The interval is from the lower end of one by the upper end of the other to the other way round: it holds the true
    ratio with 0.95 at least. Runs that were made apart share no disturbance, so nothing cancels (`ratio_of`).
    """
    if min(len(parts), len(base)) < FEWEST:
        return None
    median, low, high = median_interval(parts)
    other, other_low, other_high = median_interval(base)
    return Ratio(median / other, low / other_high, high / other_low, min(len(parts), len(base)))


def words(ratio: Ratio | None) -> str:
    """`0.65 (0.63 to 0.68), faster`, or that the two cannot be told apart."""
    if ratio is None:
        return "not comparable: no parts were recorded"
    verdict = {"faster": "faster", "slower": "slower", "as fast": "not distinguishable"}[ratio.verdict]
    return f"{ratio.words}, {verdict}"
