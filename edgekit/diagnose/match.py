"""Which tensor of a healthy graph is the counterpart of one whose runtime has no names: found by its values.

Shapes say little (ncnn drops the batch, a converter may permute), so tensors are compared where they hold as many
values: first in the order of memory, then sorted, which finds a transposed one.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from edgekit.diagnose.health import (
    FACTOR,
    FLOOR,
    RECOGNISED_SHARE,
    Health,
    State,
    agreeing_share,
    health,
    relative_error,
    vouches,
)

Load = Callable[[str], np.ndarray]


class Matcher:
    """Finds counterparts among `names`, whose values `load` gives one at a time and whose noise is `noise`."""

    def __init__(self, names: Iterable[str], load: Load, noise: Mapping[str, float], floor: float = FLOOR) -> None:
        self._load, self._noise, self._floor = load, noise, floor
        self._by_size: dict[int, list[str]] = {}
        self._sums: dict[str, tuple[float, float, float]] = {}
        for name in names:
            values = load(name)
            self._by_size.setdefault(values.size, []).append(name)
            self._sums[name] = _invariants(values)

    def match(self, values: np.ndarray) -> Health:
        """Healthy with the counterpart that fits best; wrong where part of it fits one; else unmatched."""
        best: Health | None = None
        for name in self._by_size.get(values.size, ()):
            truth = self._load(name)
            limit = max(FACTOR * self._noise.get(name, 0.0), self._floor)
            error = relative_error(values, truth)
            if error > limit and self._may_be_permuted(values, name, limit):
                error = min(error, relative_error(np.sort(values, axis=None), np.sort(truth, axis=None)))
            if best is None or error < (best.error or 0.0):
                state = State.HEALTHY if error <= limit else State.UNMATCHED
                best = Health(state, error, limit, name, tuple(values.shape), tuple(truth.shape), vouches(values))
        if best is None:
            return Health(State.UNMATCHED, shape=tuple(values.shape))
        if best.healthy:
            return best
        return self._recognised(values) or Health(State.UNMATCHED, shape=best.shape)

    def _recognised(self, values: np.ndarray) -> Health | None:
        """The healthy tensor that most of its values agree with, where they are enough."""
        shares: dict[str, float] = {}
        for name in self._by_size.get(values.size, ()):
            limit = max(FACTOR * self._noise.get(name, 0.0), self._floor)
            shares[name] = agreeing_share(values, self._load(name), limit)
        nearest = max(shares, key=shares.__getitem__)
        if shares[nearest] < RECOGNISED_SHARE:
            return None
        return health(values, self._load(nearest), self._noise.get(nearest, 0.0), self._floor, nearest)

    def _may_be_permuted(self, values: np.ndarray, name: str, limit: float) -> bool:
        """Sorting is dear; what a permutation leaves alone is compared first, ten times as generously."""
        mine, theirs = _invariants(values), self._sums[name]
        scale = max(abs(theirs[0]), abs(theirs[1])) or 1.0
        return all(abs(a - b) <= 10 * limit * scale for a, b in zip(mine, theirs, strict=True))


def _invariants(values: np.ndarray) -> tuple[float, float, float]:
    """Smallest, largest and mean value."""
    if not values.size:
        return 0.0, 0.0, 0.0
    return float(values.min()), float(values.max()), float(values.mean(dtype=np.float64))
