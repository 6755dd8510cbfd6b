"""By what an ncnn layer's input is multiplied before it becomes int8: from the values that it takes on photos.

ncnn's int8 is symmetric: -127 to 127 stand for -threshold to threshold, and what lies beyond is cut off. A threshold at
the largest value cuts nothing and has wide steps; a smaller one cuts a few values and has finer steps for the others.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

BINS = 2048
LEVELS = 128
"""Of a magnitude: 0 to 127."""
MOST = 0.98
"""The share of the photos whose largest value a range is from: one photo on which a network explodes would stretch it,
and leave a few levels for all others."""
STRIDE = 4
"""Thresholds are tried at every fourth bin, 0.2 % of the largest value apart."""


@dataclass
class Histogram:
    """Magnitudes of an input's values, [BINS] from 0 to `usual`; zeros are left out, as ncnn's own tool does.

    `maxima` are each photo's largest, [channels]. What is beyond `usual`, which most photos do not exceed, counts in
    the last bin.
    """

    maxima: list[np.ndarray] = field(default_factory=list)
    counts: np.ndarray = field(default_factory=lambda: np.zeros(BINS, np.int64))

    def widen(self, values: np.ndarray) -> None:
        """Take notice of a photo's largest magnitudes, of values [channels, ...]; of all photos before anything is
        counted.
        """
        self.maxima.append(np.abs(values).reshape(len(values), -1).max(axis=1, initial=0))

    @cached_property
    def usual(self) -> float:
        """What the largest magnitude of most photos does not exceed."""
        largest = [one.max(initial=0) for one in self.maxima]
        return float(np.quantile(largest, MOST, method="higher")) if largest else 0.0

    def of_channels(self) -> np.ndarray:
        """What the largest magnitude of each channel does not exceed on most photos, [channels]."""
        return np.quantile(self.maxima, MOST, axis=0, method="higher")

    def count(self, values: np.ndarray) -> None:
        """Count magnitudes."""
        if self.usual > 0:
            # An infinite value has no bin, and would have the last one.
            magnitudes = np.minimum(np.abs(values[values != 0]), np.float32(self.usual))
            places = np.minimum((magnitudes * np.float32(BINS / self.usual)).astype(np.int32), BINS - 1)
            self.counts += np.bincount(places, minlength=BINS)

    def threshold(self, method: str) -> float:
        """What a method chooses: `minmax` the largest value, `most` that of most photos, `percentile` what 99.99 % are
        below, `kl` or `aciq`.
        """
        if method == "minmax":
            return float(max((one.max(initial=0) for one in self.maxima), default=0.0))
        if method == "most" or not self.counts.any():
            return self.usual
        if method == "percentile":
            share = np.cumsum(self.counts) / self.counts.sum()
            return self.usual * (int(np.searchsorted(share, 0.9999)) + 1) / BINS
        if method == "aciq":
            return analytical_clipping(self.counts, self.usual / BINS)
        return self.usual * least_divergence(self.counts) / BINS


METHODS = ("minmax", "most", "percentile", "kl", "aciq")
OF_GAUSS, OF_LAPLACE = 3.9240, 9.8968
"""Where 8 bits are cut off best: in standard deviations of a normal distribution, in mean magnitudes of Laplace's."""


def analytical_clipping(counts: np.ndarray, width: float) -> float:
    """Where magnitudes are cut off best if they were normally distributed, or as Laplace has it; `width` is a bin's.

    R. Banner, Y. Nahshan and D. Soudry, "Post training 4-bit quantization of convolutional networks for
    rapid-deployment", NeurIPS 2019 (ACIQ): the threshold with the least expected square of the error in M bits.
    For Laplace's with the mean magnitude b that is a b, where `a exp(a) = 3 * 4^M` (their equation 6). Of the two the
    one that costs less here, and the largest value where both are beyond.
    """
    magnitudes, total = (np.arange(len(counts)) + 0.5) * width, counts.sum()
    mean, deviation = (counts * magnitudes).sum() / total, np.sqrt((counts * magnitudes**2).sum() / total)
    largest = len(counts) * width
    return min((OF_GAUSS * deviation, OF_LAPLACE * mean, largest), key=lambda one: square_error(counts, width, one))


def square_error(counts: np.ndarray, width: float, threshold: float) -> float:
    """The sum of the squared errors of 8 bits with that threshold: of rounding below it, of cutting off above it."""
    magnitudes, step = (np.arange(len(counts)) + 0.5) * width, threshold / (LEVELS - 1)
    return float((counts * np.where(magnitudes > threshold, (magnitudes - threshold) ** 2, step**2 / 12)).sum())


def least_divergence(counts: np.ndarray) -> int:
    """How many bins to keep, so that the distribution in `LEVELS` levels tells least from the one in `BINS` bins.

    The Kullback-Leibler divergence of S. Migacz, "8-bit inference with TensorRT", GTC 2017: what is cut off is counted
    in the last bin that is kept, and each level's share is spread over those of its bins that are not empty.
    """
    total = counts.astype(np.float64)
    best, chosen = np.inf, len(counts)
    beyond = np.concatenate([np.cumsum(total[::-1])[::-1][1:], [0.0]])
    for kept in range(LEVELS, len(counts) + 1, STRIDE):
        reference = total[:kept].copy()
        reference[-1] += beyond[kept - 1]
        edges = np.arange(kept) * LEVELS // kept
        inside = total[:kept] > 0
        sums = np.bincount(edges, weights=total[:kept], minlength=LEVELS)
        filled = np.bincount(edges, weights=inside, minlength=LEVELS)
        spread = np.where(inside, sums[edges] / np.maximum(filled[edges], 1), 0.0)
        p, q = reference / reference.sum(), spread / max(spread.sum(), 1e-30)
        known = p > 0
        # Where the reference has something and the levels have nothing, a little stands for nothing.
        divergence = float(np.sum(p[known] * np.log(p[known] / np.maximum(q[known], 1e-9))))
        if divergence < best:
            best, chosen = divergence, kept
    return chosen
