"""Weights in 8 bits whose products fit where a processor adds two of them in 16 bits.

Processors of x86 without VNNI multiply unsigned activations by signed weights in pairs, side by side along what is
summed, and add the two products in 16 bits (`vpmaddubsw`; the kernels for AVX2 of ONNX Runtime and of OpenVINO). Beyond
32,767 a sum is cut off in silence: 255 x 127 twice is 64,770.

Pairs are those of both runtimes' layouts: channels side by side, kernel position by kernel position. Where one has an
odd number of channels a pair may lie in two positions, of which nobody knows what they hold together: then each
value's largest counts. Depthwise convolutions have kernels of their own, which add in 32 bits.
"""

from dataclasses import dataclass

import numpy as np

LARGEST_SUM = 32767
LEVELS = 256
CHUNK = 1 << 16  # pairs of weights that are looked at together
DIRECTIONS = 17
PHOTOS = 32
"""Of the calibration, that sums are looked at of."""
MARGINS = (1.05, 1.0, 1.0, 1.0)
"""By which steps are made larger, one attempt after the other: what photos that nobody has tried may reach beyond those
of the calibration, and then what roundings do, since a channel's largest weights change by half a step.
"""
Read = tuple[str, bool]
"""A quantised value, and whether its last axis is what is summed: a product and a convolution pair it differently."""


@dataclass(frozen=True)
class Product:
    """A layer whose quantised weights multiply quantised values.

    `scale` and `zero_point` are the values'; `weight` and `axis` the name of the weights and their axis of channels,
    `weights` those as they are paired, int8 [channels, positions, values]. `groups` divide the channels.
    """

    values: str
    scale: float
    zero_point: int
    weight: str
    axis: int
    weights: np.ndarray
    groups: int
    last: bool
    """Whether what is summed is the values' last axis, and not their second one."""

    @property
    def read(self) -> Read:
        """What it reads."""
        return self.values, self.last


def of_convolution(weights: np.ndarray) -> np.ndarray:
    """Weights [channels, values, height, width] as they are paired, [channels, positions, values]."""
    return np.moveaxis(weights, 1, -1).reshape(weights.shape[0], -1, weights.shape[1])


def note(tables: dict[Read, np.ndarray], one: Product, values: np.ndarray) -> None:
    """Write into `tables`, of each quantised value as it is read, what `note_pairs` finds in some real `values`."""
    codes = np.clip(np.rint(values / one.scale) + one.zero_point, 0, LEVELS - 1).astype(np.int16)
    axis = -1 if one.last else 1
    rows = np.moveaxis(codes, axis, 0).reshape(codes.shape[axis], -1)
    table = tables.setdefault(one.read, np.full((max(len(rows) - 1, 1), LEVELS), -1, np.int16))
    note_pairs(table, rows, one.zero_point)


def note_pairs(table: np.ndarray, rows: np.ndarray, zero_point: int) -> None:
    """Write into `table`, int16 [pairs, levels], the largest right neighbour that each left value has in `rows`, int16
    [channels, places]; -1 stands for none. A pair is a channel and the next one; a lone channel has zeros beside it.
    """
    left, right = (rows[:-1], rows[1:]) if len(rows) > 1 else (rows, np.zeros_like(rows))
    # Around an image lies its zero.
    table[:, zero_point] = np.maximum(table[:, zero_point], zero_point)
    places = left.astype(np.int64) + LEVELS * np.arange(len(left))[:, None]
    np.maximum.at(table.reshape(-1), places.reshape(-1), right.reshape(-1))


def at_least(table: np.ndarray) -> np.ndarray:
    """The same of a left value that is at least so large."""
    return np.maximum.accumulate(table[:, ::-1], axis=1)[:, ::-1]


def largest_sums(one: Product, table: np.ndarray, limit: float = LARGEST_SUM) -> np.ndarray:
    """The largest magnitude of the sum of a pair's products, whose signs are the same, float64 [channels]; anything up
    to `limit` where none is larger.
    """
    channels, _, inside = one.weights.shape
    if inside % 2:
        return loosest_sums(one, table)
    weights = np.abs(one.weights.astype(np.int16))
    same = np.sign(one.weights[..., 0::2]) * np.sign(one.weights[..., 1::2]) > 0
    left, right = weights[..., 0::2], weights[..., 1::2]
    channel, _, pair = found = np.nonzero(same & ((left + right) * float(LEVELS - 1) > limit))
    left, right = left[found], right[found]
    group = channel // max(channels // one.groups, 1)
    row = np.minimum(group * inside + 2 * pair, len(table) - 1)
    bounds = upper_bounds(left, right, row, table)
    # The pair with the largest bound of each channel, then those that may still be larger.
    sums = np.zeros(channels)
    order = np.argsort(bounds, kind="stable")
    first = np.full(channels, -1)
    first[channel[order]] = order
    for chosen in (first[first >= 0], None):
        places = np.flatnonzero(bounds > np.maximum(sums[channel], limit)) if chosen is None else chosen
        for start in range(0, len(places), CHUNK):
            part = places[start : start + CHUNK]
            seen = table[row[part]].astype(np.int32)
            reached = left[part, None].astype(np.int32) * np.arange(LEVELS, dtype=np.int32) + right[part, None] * seen
            np.maximum.at(sums, channel[part], np.where(seen < 0, 0, reached).max(axis=1))
    return sums


def beyond(one: Product, table: np.ndarray, margin: float) -> np.ndarray:
    """How many times 16 bits `margin` times a channel's largest sum is, [channels]; exact where it is more than 1."""
    return largest_sums(one, table, LARGEST_SUM / margin) * margin / LARGEST_SUM


def upper_bounds(left: np.ndarray, right: np.ndarray, row: np.ndarray, table: np.ndarray) -> np.ndarray:
    """What no sum of pairs exceeds, and some come near to, float64 [pairs]; `left` and `right` are weights' magnitudes.

    The largest of `w . v` over the values v that were seen is convex in w: between two directions in which it is known
    it is at most their combination, 0.1 % above it with these.
    """
    angles = np.linspace(0, np.pi / 2, DIRECTIONS)
    levels = np.arange(LEVELS)
    known = np.stack(
        [
            np.where(table < 0, 0, np.cos(angle) * levels + np.sin(angle) * np.maximum(table, 0)).max(axis=1)
            for angle in angles
        ]
    )
    one, other = np.mgrid[0 : LEVELS // 2 + 1, 0 : LEVELS // 2 + 1]
    length, angle = np.hypot(one, other), np.arctan2(other, one)
    before = np.minimum((angle / angles[1]).astype(np.int64), DIRECTIONS - 2)
    shares = [length * np.sin(angles[before + 1] - angle), length * np.sin(angle - angles[before])]
    first, second = (share / np.sin(angles[1]) for share in shares)
    place = before[left, right]
    bounds = first[left, right] * known[place, row] + second[left, right] * known[place + 1, row]
    return bounds * (1 + 1e-9)


def loosest_sums(one: Product, table: np.ndarray) -> np.ndarray:
    """The same where a pair may lie in two positions: with the largest value of each channel."""
    channels, _, inside = one.weights.shape
    seen = np.where(table >= 0, np.arange(LEVELS), 0).max(axis=1)
    largest = np.maximum(np.append(seen, 0), np.append(0, table.max(axis=1)))
    if len(table) == 1 and one.groups * inside != 2:
        largest = np.full(one.groups * inside, largest.max())
    of_groups = largest.reshape(one.groups, inside)
    group = np.arange(channels) // max(channels // one.groups, 1)
    products = (one.weights.astype(np.int64) * of_groups[group][:, None, :]).reshape(channels, -1)
    if products.shape[1] % 2:
        products = np.pad(products, ((0, 0), (0, 1)))
    left, right = products[:, 0::2], products[:, 1::2]
    return np.where(np.sign(left) * np.sign(right) > 0, np.abs(left + right), 0).max(axis=1).astype(np.float64)
