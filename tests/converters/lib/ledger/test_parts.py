"""Parts of arrays whose axes were turned: what a copy of the whole would hold there."""

from itertools import permutations

import numpy as np
import pytest
from edgeworker.ledger.match import part


@pytest.mark.parametrize("shape", [(4, 5, 6, 7), (1, 8, 1, 9), (30, 40), (2, 3, 1, 1), (7,), (1, 1, 3, 5), (1, 1)])
def test_a_part_is_that_of_the_whole(shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    values = np.arange(np.prod(shape)).reshape(shape)
    for order in permutations(range(len(shape))):
        turned = values.transpose(order)
        whole = turned.reshape(-1)
        for _ in range(20):
            start = int(random.integers(whole.size))
            stop = int(random.integers(start, whole.size)) + 1
            assert np.array_equal(part(turned, slice(start, stop)), whole[start:stop])
