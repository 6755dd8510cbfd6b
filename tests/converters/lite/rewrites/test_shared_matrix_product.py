"""Several matrices times one that they share, as one product."""

import numpy as np
import pytest
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, kinds, noise, run, wrong_shapes


def program(first: list[int], second: list[int], *, turned: bool = False, trans_x: bool = False):
    """x of the shape `first` times a parameter."""
    written = Written(first)
    written.parameter("k", noise(*second))
    shape = [*first[:-1], second[-2] if turned else second[-1]]
    written.then("matmul_v2", {"X": ["x"], "Y": ["k"]}, "y", shape, trans_x=trans_x, trans_y=turned)
    return written.fetch("y")


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("first", "shared"),
    [([2, 4, 5, 3], [2, 1]), ([1, 4, 5, 3], [1, 1]), ([2, 3, 4, 5, 3], [2, 1, 1]), ([4, 5, 3], [1])],
)
def test_the_numbers_stay(rewrites, first, shared, turned):
    graph, x = program(first, [*shared, *((6, 3) if turned else (3, 6))], turned=turned), noise(*first)
    (before,) = run(graph, x)
    assert apply_rewrites(graph, [rewrites.SharedMatrixProduct()])[0]["applied"] == 1
    assert kinds(graph) == ["reshape2", "reshape2", "matmul_v2", "reshape2"]
    np.testing.assert_allclose(run(graph, x)[0], before, rtol=1e-6, atol=1e-6)
    assert not wrong_shapes(graph, x)
    assert apply_rewrites(graph, [rewrites.SharedMatrixProduct()])[0]["applied"] == 0


def test_as_many_on_both_sides_and_one_matrix_are_left(rewrites):
    for second in ([2, 4, 3, 6], [3, 6]):
        (report,) = apply_rewrites(program([2, 4, 5, 3], second), [rewrites.SharedMatrixProduct()])
        assert report == {"name": "shared-matrix-product", "applied": 0, "refused": []}


def test_a_first_side_that_is_turned_is_refused(rewrites):
    (report,) = apply_rewrites(program([2, 4, 3, 3], [2, 1, 3, 6], trans_x=True), [rewrites.SharedMatrixProduct()])
    assert report["refused"] == ["matmul_v2 (block 0, op 1 -> y) turns its first side"]


def test_a_first_side_that_is_shared_is_refused(rewrites):
    (report,) = apply_rewrites(program([2, 1, 5, 3], [2, 4, 3, 6]), [rewrites.SharedMatrixProduct()])
    assert report["refused"] == ["matmul_v2 (block 0, op 1 -> y) shares its first side"]
