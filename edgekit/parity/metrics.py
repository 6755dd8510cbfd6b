"""How far two outputs are apart, one formula each: float arrays [N, C] in (N samples, C classes), figures
out.

`truth` is what a figure is measured against (the oracle, or the reference). Everything is computed in
float64.
"""

import math

import numpy as np
from numpy.typing import NDArray

from edgekit.parity.verdict import ErrorFigures

Array = NDArray[np.float64]


def scales(truth: Array) -> Array:
    """What a sample's errors are relative to, [N]: the largest absolute value of the sample in `truth`.

    Rounding errors grow with the values that are summed, and the largest logit tells their size; dividing
    each sample by its own keeps a sample with small logits from hiding behind one with large logits. A single
    value is no scale: it may be near zero. So a sample of one value has the median of all samples' for a scale where
    its own is smaller. A sample of zeros has scale 1, so that its errors stay absolute.
    """
    largest = np.abs(truth).max(axis=1)
    if truth.shape[1] == 1:
        largest = np.maximum(largest, np.median(largest))
    return np.where(largest > 0, largest, 1.0)


def relative_errors(values: Array, truth: Array, scale: Array) -> Array:
    """`(values - truth) / scale` of each sample, [N, C]."""
    return (values - truth) / scale[:, None]


def max_relative(values: Array, truth: Array, scale: Array) -> float:
    """`max |values - truth| / scale`, over all samples and values."""
    return float(np.abs(relative_errors(values, truth, scale)).max())


def rms_relative(values: Array, truth: Array, scale: Array) -> float:
    """`sqrt(mean(((values - truth) / scale)^2))`, over all samples and values."""
    return float(np.sqrt(np.mean(relative_errors(values, truth, scale) ** 2)))


def cosines(values: Array, truth: Array) -> Array:
    """`values . truth / (|values| |truth|)` of each sample, [N]; 1 for two zero vectors, 0 for one."""
    lengths = np.linalg.norm(values, axis=1) * np.linalg.norm(truth, axis=1)
    both_zero = ~values.any(axis=1) & ~truth.any(axis=1)
    dots = np.einsum("nc,nc->n", values, truth)
    return np.where(lengths > 0, dots / np.where(lengths > 0, lengths, 1.0), both_zero.astype(np.float64))


def snr_db(values: Array, truth: Array) -> float | None:
    """`10 log10(sum truth^2 / sum (values - truth)^2)`, the usual signal-to-noise ratio; none without an
    error.

    A fixed scale error of 1 % gives 40 dB, FP32 rounding about 120 dB. A truth of zeros has no signal: none
    too.
    """
    noise = float(np.sum((values - truth) ** 2))
    signal = float(np.sum(truth**2))
    return 10.0 * math.log10(signal / noise) if noise > 0 and signal > 0 else None


def sample_snr_db(values: Array, truth: Array) -> Array:
    """`snr_db` of each sample by itself, [N]; infinite without an error, and for a truth of zeros."""
    noise, signal = np.sum((values - truth) ** 2, axis=1), np.sum(truth**2, axis=1)
    known = (noise > 0) & (signal > 0)
    return np.where(known, 10.0 * np.log10(np.where(known, signal, 1.0) / np.where(known, noise, 1.0)), np.inf)


def errors(values: Array, truth: Array, scale: Array) -> ErrorFigures:
    """All figures of `values` against `truth`, relative to `scale`."""
    return ErrorFigures(
        max_abs=float(np.abs(values - truth).max()),
        max_relative=max_relative(values, truth, scale),
        rms_relative=rms_relative(values, truth, scale),
        cosine=float(cosines(values, truth).min()),
        snr_db=snr_db(values, truth),
    )


def top1(values: Array) -> NDArray[np.intp]:
    """The class with the largest value of each sample, [N]; of equals the first."""
    return values.argmax(axis=1)


def top1_agreement(values: Array, truth: Array) -> float:
    """Share of samples whose largest value is of the same class, 0 to 1."""
    return float(np.mean(top1(values) == top1(truth)))


def top5_agreement(values: Array, truth: Array) -> float | None:
    """Mean share of the truth's five largest classes that are among the five largest here, 0 to 1.

    None with five classes or fewer, where it could not be anything but 1.
    """
    if truth.shape[1] <= 5:
        return None
    ours = np.argsort(-values, axis=1, kind="stable")[:, :5]
    theirs = np.argsort(-truth, axis=1, kind="stable")[:, :5]
    return float((ours[:, :, None] == theirs[:, None, :]).any(axis=2).mean())


def margins(truth: Array) -> Array:
    """Largest value less the second largest of each sample, [N]; infinite with one class."""
    if truth.shape[1] == 1:
        return np.full(truth.shape[0], np.inf)
    two = np.partition(truth, -2, axis=1)[:, -2:]
    return two[:, 1] - two[:, 0]


def log_probabilities(probabilities: Array, smallest: float) -> Array:
    """`log(max(p, smallest))`: softmax's output turned back into logits (less a constant per sample).

    A probability of 0.999 and one of 0.9999 differ by 0.1 % and their logits by a factor of ten in the odds,
    so errors that a softmax hides show again. Below `smallest` a format has no digits left, so values there
    count as equal.
    """
    return np.log(np.maximum(probabilities, smallest))


def sigmoid_logits(values: Array, truth: Array, cut: tuple[float, float], slack: tuple[float, float]) -> Array:
    """`log(p / (1 - p))`: what went into a sigmoid, as far as a format and its engine can tell, [N, C].

    A difference from the truth of no more than `slack` (where the truth is below one half, and where it is above)
    counts as none, of a larger one the rest counts. Values within `cut` of 0 and of 1 count as equal.
    """
    off = values - truth
    told = np.sign(off) * np.maximum(np.abs(off) - np.where(truth < 0.5, *slack), 0.0)
    within = np.clip(truth + told, cut[0], 1 - cut[1])
    return np.log(within) - np.log1p(-within)


def similarities(vectors: Array) -> Array:
    """The cosine of each sample's vector with each other's, [N, N]; 0 with a vector of zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.where(lengths > 0, lengths, 1.0)
    return units @ units.T


def vector_errors(values: Array, truth: Array) -> Array:
    """`|values - truth| / |truth|` of each sample's vector (Euclidean lengths), [N]; absolute for a truth of zeros."""
    lengths = np.linalg.norm(truth, axis=1)
    return np.linalg.norm(values - truth, axis=1) / np.where(lengths > 0, lengths, 1.0)
