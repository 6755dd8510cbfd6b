"""A mean that leaves out the padding, as a mean over whole windows times a number for each place."""

import numpy as np
import pytest
from edgeworker.ledger.account import Account, account
from edgeworker.ledger.stored import Stored
from edgeworker.paddle_program import new_program

from tests.converters.lib.ledger.programs import add_op
from tests.converters.lite.tiny_program import add_tensor


def told(stored: np.ndarray, *, exclusive: bool = True) -> Account:
    """Of a pool of 3 x 3, every second place, with a border of one, and what is stored."""
    made = new_program()
    block = made.blocks[0]
    add_tensor(block, "x", [1, 2, 8, 8])
    add_tensor(block, "y", [1, 2, 4, 4])
    described = {"pooling_type": "avg", "ksize": [3, 3], "strides": [2, 2], "paddings": [1, 1], "exclusive": exclusive}
    add_op(block, "pool2d", {"X": ["x"]}, "y", **described)
    return account([Stored("f", "MUL", stored)], made, {})


def factors() -> np.ndarray:
    """[1, 4, 4, 2], the channels last: at the upper and the left border three values of a window are missing."""
    inside = np.array([2, 3, 3, 3])
    return np.repeat((9 / np.outer(inside, inside))[None, :, :, None], 2, axis=3).astype(np.float32)


def test_the_numbers_are_explained() -> None:
    found = told(factors())
    assert found.unexplained == [] and found.explained == {"a pool's window over its values inside, transposed": 1}


@pytest.mark.parametrize("place", [(0, 0, 0, 0), (0, 2, 3, 1)])
def test_another_number_at_one_place_is_not(place: tuple[int, ...]) -> None:
    changed = factors()
    changed[place] *= np.float32(1.01)
    assert told(changed).unexplained_count == 1


def test_a_pool_that_counts_the_padding_has_none() -> None:
    assert told(factors(), exclusive=False).unexplained_count == 1
