"""What a reader of a target's files gives: one tensor that the artifact stores, or numbers in a layer's description."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

NOT_ROUNDED = 2.0**-21
"""Relative: a quotient and a product in FP32."""


class Integers(Protocol):
    """How stored integers stand for real values: by a scale and a zero point, or by a range."""

    def fault(self, stored: np.ndarray) -> str:
        """Why they cannot be read so; empty where they can."""
        ...

    def values(self, stored: np.ndarray) -> np.ndarray:
        """What they stand for, in float64."""
        ...

    def half_step(self, stored: np.ndarray) -> np.ndarray:
        """By how much rounding to an integer may change a value, of the stored shape."""
        ...

    def scale_fault(self, truth: np.ndarray, bound: np.ndarray) -> str:
        """Why they are not made from `truth`, which is known up to `bound`, both of the stored shape; empty where they
        may be.
        """
        ...


@dataclass(frozen=True)
class Quantised:
    """How stored integers stand for real values: `(integer - zero_point) * scale`.

    Both are [1], or [channels] along `axis` of the stored shape, or of as many dimensions as that. `from_largest` is
    the integer that each channel's largest magnitude has become, where the scale is from that; channels of zeros have a
    scale of zero then.
    """

    scale: np.ndarray
    zero_point: np.ndarray
    axis: int = 0
    from_largest: int | None = None

    def fault(self, stored: np.ndarray) -> str:
        """Why these cannot be the integers' scale and zero point; empty where they can."""
        positive = self.scale > 0 if self.from_largest is None else self.scale >= 0
        if not (np.isfinite(self.scale).all() and positive.all()):
            return "its scale is not a positive number"
        for one in (self.scale, self.zero_point):
            if one.size == 1:
                continue
            if one.ndim == stored.ndim > 1:
                fits = all(own in (1, extent) for own, extent in zip(one.shape, stored.shape, strict=True))
            else:
                fits = -stored.ndim <= self.axis < stored.ndim and one.size == stored.shape[self.axis]
            if not fits:
                return f"{one.size} scales or zero points do not fit {list(stored.shape)}"
        if self.from_largest is None or not stored.size:
            return ""
        largest = np.abs(stored.astype(np.int64)).max(axis=self._others(stored.ndim)).reshape(-1)
        if largest[self.scale == 0].any():
            return "its scale is not a positive number"
        without = f"a channel has no integer of {self.from_largest}, from which its scale must be"
        return without if (largest[self.scale > 0] != self.from_largest).any() else ""

    def values(self, stored: np.ndarray) -> np.ndarray:
        """What the integers stand for, in float64."""
        scale, zero = self._along(self.scale, stored.ndim), self._along(self.zero_point, stored.ndim)
        return (stored.astype(np.float64) - zero) * scale

    def half_step(self, stored: np.ndarray) -> np.ndarray:
        """By how much rounding to an integer may change a value, of the stored shape."""
        half = np.broadcast_to(0.5 * self._along(self.scale, stored.ndim), stored.shape)
        # With 16 bits the quotient's own rounding counts beside half a step.
        return half if self.from_largest is None else half + NOT_ROUNDED * np.abs(self.values(stored))

    def scale_fault(self, truth: np.ndarray, bound: np.ndarray) -> str:
        """Why its scales are not from the largest values of `truth`, which is known up to `bound`, both of the stored
        shape; empty where they are, or are from elsewhere.
        """
        if self.from_largest is None or not truth.size:
            return ""
        others = self._others(truth.ndim)
        largest, slack = np.abs(truth).max(axis=others), bound.max(axis=others)
        expected = self.scale.astype(np.float64).reshape(-1) * self.from_largest
        apart = np.abs(largest.reshape(-1) - expected) > NOT_ROUNDED * expected + slack.reshape(-1)
        return f"the scales of {apart.sum()} channels are not from their largest values" if apart.any() else ""

    def _others(self, rank: int) -> tuple[int, ...]:
        return tuple(axis for axis in range(rank) if self.scale.size == 1 or axis != self.axis)

    def _along(self, one: np.ndarray, rank: int) -> np.ndarray:
        shape = [1] * rank
        if one.size > 1:
            if one.ndim == rank > 1:
                return one.astype(np.float64)
            shape[self.axis] = one.size
        return one.astype(np.float64).reshape(shape)


@dataclass(frozen=True)
class Stored:
    """`name` as the file calls it, `layer` that reads it, and its `values`: a view of the file where that is possible.

    The shape is the one that the file gives, which may be flat. What is `described` is no tensor of its own but an
    attribute of the layer, [numbers]: it counts where a parameter of the program went into it, as a lone factor may,
    and where nothing explains it. Integers that are `quantised` stand for parameters of the program; what is `chosen`
    is a scale, a zero point or another number that the quantisation chose, which the record of it must have under that
    name. A `summand` is only ever added to a result: zeros there stand for none, as a tool writes whose layers always
    have a bias. `fault` says what is wrong with a tensor whatever its values are from.
    """

    name: str
    layer: str
    values: np.ndarray
    described: bool = False
    quantised: Integers | None = None
    chosen: bool = False
    summand: bool = False
    fault: str = ""


def described(layer: str, attribute: str, numbers: Sequence[float], title: str) -> Stored:
    """The numbers of a layer's attribute, as FP32 has them; `title` is the layer as a reader is to find it."""
    with np.errstate(over="ignore"):
        values = np.array(numbers, np.float64).astype(np.float32)
    return Stored(f"{layer}.{attribute}", title, values, described=True)
