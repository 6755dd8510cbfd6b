"""The sums of pairs of products, beside those of every place and every pair, counted one by one."""

from itertools import product

import numpy as np
import pytest
from edgeworker import pair_sums

ZERO = 3


def layer(weights: np.ndarray, groups: int = 1):
    return pair_sums.Product("x", 1.0, ZERO, "w", 0, weights, groups, last=False)


def table_of(image: np.ndarray) -> np.ndarray:
    """As `note_pairs` fills it, of one image [channels, places]."""
    table = np.full((max(len(image) - 1, 1), pair_sums.LEVELS), -1, np.int16)
    pair_sums.note_pairs(table, image, ZERO)
    return pair_sums.at_least(table)


def counted(weights: np.ndarray, image: np.ndarray, groups: int) -> list[int]:
    """Each channel's largest sum of a pair, over all places and the zero around the image."""
    channels, positions, inside = weights.shape
    places = np.concatenate([image, np.full((len(image), 1), ZERO, image.dtype)], axis=1).astype(int)
    found = [0] * channels
    for channel, position, pair in product(range(channels), range(positions), range(inside // 2)):
        first = channel // (channels // groups) * inside + 2 * pair
        left, right = (int(one) for one in weights[channel, position, 2 * pair : 2 * pair + 2])
        sums = np.abs(left * places[first] + right * places[first + 1])
        found[channel] = max(found[channel], int(sums.max()))
    return found


@pytest.mark.parametrize("limit", [pair_sums.LARGEST_SUM, pair_sums.LARGEST_SUM / 1.05, 12000, 0])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("seed", range(10))
def test_the_largest_sums_are_those_of_every_place(seed: int, groups: int, limit: float) -> None:
    random = np.random.default_rng(seed)
    weights = random.integers(-127, 128, (6, 4, 8)).astype(np.int8)
    image = random.integers(0, 256, (8 * groups, 30)).astype(np.int16)
    found = pair_sums.largest_sums(layer(weights, groups), table_of(image), limit)
    truth = counted(weights, image, groups)
    assert max(truth) > pair_sums.LARGEST_SUM
    for mine, exact in zip(found, truth, strict=True):
        # What does not leave the limit need not be counted.
        assert mine == exact or mine < exact <= limit


@pytest.mark.parametrize("seed", range(5))
def test_pairs_in_two_positions_are_never_taken_for_smaller(seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.integers(-127, 128, (4, 9, 3)).astype(np.int8)
    image = random.integers(0, 200, (3, 50)).astype(np.int16)
    found = pair_sums.largest_sums(layer(weights), table_of(image))
    largest = np.maximum(image.max(axis=1), ZERO)
    for channel in range(4):
        products = (weights[channel].astype(int) * largest).reshape(-1)
        pairs = [products[start : start + 2] for start in range(0, 26, 2)]
        same = [abs(int(one.sum())) for one in pairs if one[0] * one[1] > 0]
        assert found[channel] == max(same)


def test_a_lone_channel_counts() -> None:
    """A grey image: its pairs lie in two positions of the kernel."""
    weights = np.full((2, 9, 1), 127, np.int8)
    image = np.array([[7, 200, 50]], np.int16)
    assert pair_sums.largest_sums(layer(weights), table_of(image)).tolist() == [2 * 127 * 200] * 2


def test_weights_of_seven_bits_never_leave_sixteen() -> None:
    weights = np.full((1, 1, 64), 64, np.int8)
    image = np.full((64, 1), 255, np.int16)
    assert pair_sums.largest_sums(layer(weights), table_of(image))[0] <= pair_sums.LARGEST_SUM
    assert pair_sums.largest_sums(layer(weights + np.int8(1)), table_of(image))[0] == 2 * 65 * 255
