"""Quotients as products: what they compute, and which are left as they are."""

import numpy as np
import pytest
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, kinds, noise, run, wrong_shapes

SHAPE = [2, 3, 4, 4]


@pytest.mark.parametrize(("divisor", "axis"), [(SHAPE, -1), ([2, 3, 1, 1], -1), ([3], 1)])
def test_the_numbers_stay(rewrites, divisor, axis):
    written = Written(SHAPE)
    y = np.abs(noise(*divisor, seed=1)) + np.float32(0.5)
    written.parameter("divisor", y)
    written.then("elementwise_div", {"X": ["x"], "Y": ["divisor"]}, "y", SHAPE, axis=axis)
    graph, x = written.fetch("y"), noise(*SHAPE)
    (report,) = apply_rewrites(graph, [rewrites.ExactDivision()])
    assert report == {"name": "exact-division", "applied": 1, "refused": []}
    assert kinds(graph) == ["reciprocal", "elementwise_mul"]
    expected = x.astype(np.float64) / (y if axis == -1 else y[:, None, None])
    np.testing.assert_allclose(run(graph, x)[0], expected, rtol=3e-7)
    assert not wrong_shapes(graph, x)


def test_whole_numbers_are_a_reason_to_refuse(rewrites):
    written = Written(SHAPE)
    written.parameter("divisor", np.full([1], 2, np.int64))
    written.then("elementwise_div", {"X": ["x"], "Y": ["divisor"]}, "y", SHAPE, axis=-1)
    graph = written.fetch("y")
    (report,) = apply_rewrites(graph, [rewrites.ExactDivision()])
    assert report["refused"] == ["elementwise_div (block 0, op 1 -> y) divides what is not FP32"]
    assert kinds(graph) == ["elementwise_div"]
