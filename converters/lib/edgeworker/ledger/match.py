"""Finds the source of a stored tensor: the same values in the same order, up to a permutation of the source's axes."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from edgeworker.ledger.sources import Source

# Values that are compared at once: what is streamed is never whole in memory twice.
CHUNK = 1 << 20
# FP16: a unit in the last place of 11 bits, since ncnn cuts the others off instead of rounding them; where zero is
# stored, the smallest normal number, since it makes zeros of smaller ones (float32_to_float16 in ncnn's src/mat.h); and
# else the smallest number of all, the step below the normal ones.
HALF_RELATIVE, HALF_NORMAL, HALF_STEP = 2.0**-10, 2.0**-14, 2.0**-24
# Within which first values are near enough to be looked at; a folded bias may be the difference of two large numbers.
LOOSE, NEAR_ZERO = 1e-3, 1e-4
NONE = (-1,)
# A value that lies between two integers is rounded to either, by whoever divides in FP32.
ROUNDED = 1 + 1e-3


@dataclass(frozen=True)
class Match:
    """A source and the order of its axes (None: its own) in which a tensor stores it; `rounded` to FP16."""

    source: Source
    order: tuple[int, ...] | None = None
    rounded: bool = False

    @property
    def how(self) -> str:
        """In words, such as `batch norm folded into, transposed, rounded to FP16`."""
        changes = [word for word, so in (("transposed", self.order), ("rounded to FP16", self.rounded)) if so]
        return ", ".join([self.source.how, *changes])

    def laid_out(self, shape: tuple[int, ...]) -> np.ndarray:
        """The source's values as the tensor of that shape has them."""
        values = self.source.values()
        return (values if self.order is None else values.transpose(self.order)).reshape(shape)

    def bound_laid_out(self, shape: tuple[int, ...]) -> np.ndarray:
        """By how much each of these may be off, of that shape."""
        bound = np.broadcast_to(np.asarray(self.source.bound(), np.float64), self.source.values().shape)
        return (bound if self.order is None else bound.transpose(self.order)).reshape(shape)


class Index:
    """Sources by how many values they have, and among those by their first value, which no order of axes moves."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.sources = [source for source in sources if 0 not in source.shape]
        by_size: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for number, source in enumerate(self.sources):
            first, _ = source.probe((0,) * len(source.shape))
            by_size[int(np.prod(source.shape))].append((float(first), number))
        self._by_size = {size: sorted(known, key=lambda one: one[0]) for size, known in by_size.items()}

    def find(self, stored: np.ndarray) -> list[Match]:
        """Every source that a tensor may be, exact ones first; of each the first order that fits.

        What is exact may be computed too: a weight whose batch norm has a factor of 1 accounts for that as well, and
        zeros for a shift whose scale and bias are zeros.
        """
        flat = stored.reshape(-1)
        if not flat.size:
            return []
        found: list[Match] = []
        for source in sorted(self._near(flat), key=lambda one: not one.exact):
            order = next((order for order in orders(source.shape) if same(flat, source, order)), NONE)
            if order is not NONE:
                found.append(Match(source, order, flat.dtype == np.float16 and source.values().dtype != np.float16))
        return found

    def find_near(self, values: np.ndarray, allowed: np.ndarray) -> list[Match]:
        """Every source that values may be which were rounded by up to `allowed`, float64 of the same shape."""
        flat, bound = values.reshape(-1), np.ascontiguousarray(allowed).reshape(-1)
        if not flat.size:
            return []
        loose = 2 * bound[0] + abs(flat[0]) * LOOSE + NEAR_ZERO
        known = self._by_size.get(flat.size, [])
        low = bisect_left(known, flat[0] - loose, key=lambda one: one[0])
        high = bisect_right(known, flat[0] + loose, key=lambda one: one[0])
        found = []
        for _, number in known[low:high]:
            source = self.sources[number]
            order = next((order for order in orders(source.shape) if same(flat, source, order, bound)), NONE)
            if order is not NONE:
                found.append(Match(source, order))
        return found

    def _near(self, flat: np.ndarray) -> list[Source]:
        """Sources of as many values whose first value is about the same."""
        known = self._by_size.get(flat.size, [])
        first = float(flat[0])
        if not np.isfinite(first):  # NaN is near nothing, and only an exact source may hold it
            return [self.sources[number] for _, number in known]
        loose = 2 * (abs(first) * (HALF_RELATIVE if flat.dtype == np.float16 else LOOSE) + NEAR_ZERO)
        low = bisect_left(known, first - loose, key=lambda one: one[0])
        high = bisect_right(known, first + loose, key=lambda one: one[0])
        return [self.sources[number] for _, number in known[low:high]]


def orders(shape: tuple[int, ...]) -> Iterator[tuple[int, ...] | None]:
    """The orders of a shape's axes in which values may be stored, its own (None) first; axes of 1 do not count."""
    yield None
    moving = [axis for axis, extent in enumerate(shape) if extent > 1]
    still = [axis for axis, extent in enumerate(shape) if extent <= 1]
    if len(moving) > 4:
        return
    for order in permutations(moving):
        if list(order) != moving:
            yield (*still, *order)


def same(flat: np.ndarray, source: Source, order: tuple[int, ...] | None, rounded: np.ndarray | None = None) -> bool:
    """Whether `flat`, [values], is the source in that order: bit for bit, or within what rounding allows.

    `rounded`, [values], is by how much each was rounded besides, where it was.
    """
    axes = order or tuple(range(len(source.shape)))
    shape = tuple(source.shape[axis] for axis in axes)
    # A few values first: nearly every source is another one, and most are large.
    for probe in {0, flat.size // 3, flat.size // 2, flat.size - 1}:
        laid = np.unravel_index(probe, shape)
        value, allowed = source.probe(tuple(int(laid[axes.index(axis)]) for axis in range(len(axes))))
        one = slice(probe, probe + 1)
        if not agree(flat[one], np.asarray(value).reshape(1), widened(None if source.exact else allowed, rounded, one)):
            return False
    values = source.values().transpose(axes)
    bound = None if source.exact else source.bound().transpose(axes)
    for start in range(0, flat.size, CHUNK):
        places = slice(start, min(start + CHUNK, flat.size))
        own = None if bound is None else part(bound, places)
        if not agree(flat[places], part(values, places), widened(own, rounded, places)):
            return False
    return True


def widened(bound: np.ndarray | float | None, rounded: np.ndarray | None, places: slice) -> np.ndarray | float | None:
    """A source's own bound with what rounding adds at some places; None where the bits must be the same."""
    if rounded is None:
        return bound
    return rounded[places] * ROUNDED + (0.0 if bound is None else bound)


def part(values: np.ndarray, places: slice) -> np.ndarray:
    """Some values of an array in its own order, without a copy of the whole.

    Of an array whose axes were turned, the rows that hold them are copied: a tenth of the time of single values.
    """
    if values.flags.c_contiguous:
        return values.reshape(-1)[places]
    rows = values.squeeze()  # a leading axis of 1 would make one row of all
    each = rows.size // len(rows)
    first = places.start // each
    block = np.ascontiguousarray(rows[first : -(-places.stop // each)]).reshape(-1)
    return block[places.start - first * each : places.stop - first * each]


def agree(stored: np.ndarray, values: np.ndarray, bound: np.ndarray | float | None) -> bool:
    """Whether all values are the same bits (`bound` None), or no further apart than `bound` and their own rounding."""
    if bound is None and stored.dtype == values.dtype:
        return stored.tobytes() == values.tobytes()
    return bool(agreeing(stored, values, bound).all())


def agreeing(stored: np.ndarray, values: np.ndarray, bound: np.ndarray | float | None) -> np.ndarray:
    """Which values agree, as `agree` has it: a truth for each of `values`; `stored` may be one for all of them."""
    if bound is None:
        if stored.dtype == values.dtype:
            bits = np.dtype(f"u{values.dtype.itemsize}")
            return np.ascontiguousarray(values).view(bits) == np.ascontiguousarray(stored).view(bits)
        bound = 0.0
        if stored.dtype != np.float16:
            return np.zeros(values.shape, bool)
    if stored.dtype.kind != "f" or values.dtype.kind != "f":
        return np.zeros(values.shape, bool)
    truth = values.astype(np.float64)
    allowed = np.asarray(bound, np.float64)
    if stored.dtype == np.float16:
        allowed = allowed + np.abs(truth) * HALF_RELATIVE + np.where(stored == 0, HALF_NORMAL, HALF_STEP)
    with np.errstate(invalid="ignore"):
        return np.abs(stored.astype(np.float64) - truth) <= allowed
