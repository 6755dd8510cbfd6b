"""Softmax along the last axis: what it computes, and which are left as they are."""

import numpy as np
import pytest
from edgeworker.paddle_program import attribute
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, kinds, noise, run, wrong_shapes

SHAPE = [2, 3, 4, 5]


def program(axis: int):
    written = Written(SHAPE)
    written.then("softmax", {"X": ["x"]}, "y", SHAPE, axis=axis)
    return written.fetch("y")


@pytest.mark.parametrize("axis", [0, 1, 2, -2, -3])
def test_the_numbers_stay(rewrites, axis):
    graph, x = program(axis), noise(*SHAPE)
    expected = np.exp(x.astype(np.float64))
    expected /= expected.sum(axis=axis, keepdims=True)
    (report,) = apply_rewrites(graph, [rewrites.ExactSoftmax()])
    assert report == {"name": "exact-softmax", "applied": 1, "refused": []}
    assert kinds(graph) == ["transpose2", "softmax", "transpose2"]
    assert attribute(graph.ops({"softmax"})[0], "axis") == 3
    np.testing.assert_allclose(run(graph, x)[0], expected, rtol=1e-6)
    assert not wrong_shapes(graph, x)
    assert apply_rewrites(graph, [rewrites.ExactSoftmax()])[0]["applied"] == 0


@pytest.mark.parametrize("axis", [-1, 3])
def test_one_along_the_last_axis_stays(rewrites, axis):
    graph = program(axis)
    assert apply_rewrites(graph, [rewrites.ExactSoftmax()])[0]["applied"] == 0
    assert attribute(graph.ops({"softmax"})[0], "axis") == axis


def test_one_that_opt_would_join_with_the_transpositions_around_it_counts_its_axis_from_the_front(rewrites):
    written, turned = Written(SHAPE), [2, 5, 4, 3]
    written.then("transpose2", {"X": ["x"]}, "t", turned, axis=[0, 3, 2, 1])
    written.then("softmax", {"X": ["t"]}, "s", turned, axis=-1)
    written.then("transpose2", {"X": ["s"]}, "y", SHAPE, axis=[0, 3, 2, 1])
    graph = written.fetch("y")
    assert apply_rewrites(graph, [rewrites.ExactSoftmax()])[0]["applied"] == 1
    assert kinds(graph) == ["transpose2", "softmax", "transpose2"]
    assert attribute(graph.ops({"softmax"})[0], "axis") == 3
