"""Can the samples tell a right model from a wrong one? Asked of the oracle's values, before anything passes."""

import numpy as np

from edgekit.parity import metrics
from edgekit.parity.limits import Limits
from edgekit.parity.metrics import Array

REMEDY = "give photos that it tells apart, with --golden DIR"


def blindness(oracle: Array, scale: Array, limits: Limits) -> str | None:
    """Why samples [N, C] cannot tell a right model from a wrong one, or None where they can.

    Two wrong models are judged as an artifact would be: one that gives all values of a sample the same value, and one
    that ignores its input. If either is within the limits, passing means nothing.
    """
    count, classes = oracle.shape
    flat = np.broadcast_to(oracle.mean(axis=1, keepdims=True), oracle.shape)
    if classes > 1 and within(flat, oracle, scale, limits):
        return f"the oracle's values are so equal that a model with the same value for every class would pass: {REMEDY}"
    # Errors are relative to each sample's scale: with these weights the mean has the smallest of all constant answers.
    weights = scale[:, None] ** -2
    common = np.broadcast_to((oracle * weights).sum(axis=0) / weights.sum(), oracle.shape)
    if count > 1 and within(common, oracle, scale, limits):
        return f"the oracle's samples are so alike that a model that ignores its input would pass: {REMEDY}"
    return None


def within(values: Array, truth: Array, scale: Array, limits: Limits) -> bool:
    """Whether every statistic of the errors is within its limit."""
    if metrics.max_relative(values, truth, scale) > limits.max:
        return False
    if limits.rms is not None and metrics.rms_relative(values, truth, scale) > limits.rms:
        return False
    return limits.min_snr_db is None or float(np.median(metrics.sample_snr_db(values, truth))) >= limits.min_snr_db
