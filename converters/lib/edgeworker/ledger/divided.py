"""Integers of weights that were divided by factors, which a product's activations, or channels, are multiplied by."""

from dataclasses import dataclass

import numpy as np

from edgeworker.ledger.stored import Quantised


@dataclass(frozen=True)
class Divided:
    """Integers of a weight that was divided by `factor`, of as many dimensions as the weight is stored in, each of its
    extent or 1; as `edgeworker.ledger.stored` has `Integers`.
    """

    integers: Quantised
    factor: np.ndarray

    def fault(self, stored: np.ndarray) -> str:
        """Why these cannot be their scale, zero point and factor; empty where they can."""
        if wrong := self.integers.fault(stored):
            return wrong
        fits = self.factor.ndim == stored.ndim and all(
            own in (1, extent) for own, extent in zip(self.factor.shape, stored.shape, strict=True)
        )
        if not fits:
            return f"{self.factor.size} factors of its input do not fit {list(stored.shape)}"
        return "" if np.isfinite(self.factor).all() and (self.factor > 0).all() else "a factor is not a positive number"

    def values(self, stored: np.ndarray) -> np.ndarray:
        """The weight that they stand for, before it was divided, in float64."""
        return self.integers.values(stored) * self.factor.astype(np.float64)

    def half_step(self, stored: np.ndarray) -> np.ndarray:
        """By how much rounding to an integer may change a value, of the stored shape."""
        return self.integers.half_step(stored) * self.factor.astype(np.float64)

    def scale_fault(self, truth: np.ndarray, bound: np.ndarray) -> str:
        """Scales are what the quantisation chose: nothing is known of them here."""
        return ""


def along(factor: np.ndarray, rank: int, axis: int) -> np.ndarray:
    """A vector as an array of `rank` dimensions, along `axis`; as it is where there is no such dimension."""
    if not -rank <= axis < rank:
        return factor
    shape = [1] * rank
    shape[axis] = -1
    return factor.reshape(shape)
