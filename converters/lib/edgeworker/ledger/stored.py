"""What a reader of a target's files gives: one tensor that the artifact stores, or numbers in a layer's description."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quantised:
    """How stored integers stand for real values: `(integer - zero_point) * scale`.

    Both are [1], or [channels] along `axis` of the stored shape, or of as many dimensions as that.
    """

    scale: np.ndarray
    zero_point: np.ndarray
    axis: int = 0

    def fault(self, stored: np.ndarray) -> str:
        """Why these cannot be the integers' scale and zero point; empty where they can."""
        if not (np.isfinite(self.scale).all() and (self.scale > 0).all()):
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
        return ""

    def values(self, stored: np.ndarray) -> np.ndarray:
        """What the integers stand for, in float64."""
        scale, zero = self._along(self.scale, stored.ndim), self._along(self.zero_point, stored.ndim)
        return (stored.astype(np.float64) - zero) * scale

    def half_step(self, stored: np.ndarray) -> np.ndarray:
        """By how much rounding to an integer may change a value, of the stored shape."""
        return np.broadcast_to(0.5 * self._along(self.scale, stored.ndim), stored.shape)

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
    name. `fault` says what is wrong with a tensor whatever its values are from. A `filler` changes nothing, and stands
    where the format wants something, such as zeros for a bias that a convolution does not have: it counts where the
    program has the like, and is nothing else.
    """

    name: str
    layer: str
    values: np.ndarray
    described: bool = False
    quantised: Quantised | None = None
    chosen: bool = False
    fault: str = ""
    filler: bool = False


def described(layer: str, attribute: str, numbers: Sequence[float], title: str) -> Stored:
    """The numbers of a layer's attribute, as FP32 has them; `title` is the layer as a reader is to find it."""
    with np.errstate(over="ignore"):
        values = np.array(numbers, np.float64).astype(np.float32)
    return Stored(f"{layer}.{attribute}", title, values, described=True)
