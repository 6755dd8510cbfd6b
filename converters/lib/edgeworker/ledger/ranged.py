"""Integers that span each channel's range, from its lowest value to its largest."""

from dataclasses import dataclass

import numpy as np

from edgeworker.ledger.stored import NOT_ROUNDED


@dataclass(frozen=True)
class Ranged:
    """How stored integers [channels, values] stand for real values: `(integer - least) * scale + lowest`.

    `least` is the least integer of their kind. `scale` and `lowest` are [channels]; a channel's lowest value is exact,
    and the largest integer of the kind stands for its largest one. A channel of one value has a scale of zero.
    """

    scale: np.ndarray
    lowest: np.ndarray

    def fault(self, stored: np.ndarray) -> str:
        """Why these cannot be the integers' scale and lowest values; empty where they can."""
        if not (np.isfinite(self.scale).all() and (self.scale >= 0).all()):
            return "its scale is not a positive number"
        if not np.isfinite(self.lowest).all():
            return "its lowest value is not a number"
        if stored.ndim != 2 or {self.scale.shape, self.lowest.shape} != {stored.shape[:1]}:
            return f"{self.scale.size} scales or {self.lowest.size} lowest values do not fit {list(stored.shape)}"
        if not stored.size:
            return ""
        # What a channel of one value has for integers does not count: the converter divides by zero there.
        spanning, kind = stored[self.scale > 0], np.iinfo(stored.dtype)
        whole = (spanning.min(axis=1) == kind.min) & (spanning.max(axis=1) == kind.max)
        return "" if whole.all() else f"a channel's integers do not go from {kind.min} to {kind.max}"

    def values(self, stored: np.ndarray) -> np.ndarray:
        """What the integers stand for, in float64."""
        steps = stored.astype(np.float64) - np.iinfo(stored.dtype).min
        return steps * self.scale.astype(np.float64)[:, None] + self.lowest.astype(np.float64)[:, None]

    def half_step(self, stored: np.ndarray) -> np.ndarray:
        """By how much rounding to an integer may change a value, of the stored shape."""
        return np.broadcast_to(0.5 * self.scale.astype(np.float64)[:, None], stored.shape)

    def scale_fault(self, truth: np.ndarray, bound: np.ndarray) -> str:
        """Why these are not the ranges of `truth`, which is known up to `bound`, both [channels, values]; empty where
        they are.
        """
        if not truth.size:
            return ""
        lowest, slack = truth.min(axis=1), bound.max(axis=1)
        expected = truth.max(axis=1) - lowest
        steps = np.iinfo(np.uint8).max
        apart = np.abs(self.scale.astype(np.float64) * steps - expected) > NOT_ROUNDED * expected + 2 * slack
        apart |= np.abs(self.lowest - lowest) > slack
        return (
            f"the lowest values or scales of {apart.sum()} channels are not those of its range" if apart.any() else ""
        )
