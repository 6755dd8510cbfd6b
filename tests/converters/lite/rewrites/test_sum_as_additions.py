"""Sums of several tensors, as additions: what they compute, and what is refused."""

import numpy as np
import pytest
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, kinds, noise, run, wrong_shapes

SHAPE = [1, 3, 4, 4]


def program(terms: int, shape: list[int] = SHAPE):
    """x, 2x, 3x, ... added up."""
    written = Written(SHAPE)
    names = ["x"]
    for number in range(2, terms + 1):
        written.then("scale", {"X": ["x"]}, f"x{number}", shape, scale=float(number), bias=0.0, bias_after_scale=True)
        names.append(f"x{number}")
    written.then("sum", {"X": names}, "y", SHAPE)
    return written.fetch("y")


@pytest.mark.parametrize("terms", [2, 3, 5])
def test_the_numbers_stay(rewrites, terms):
    graph, x = program(terms), noise(*SHAPE)
    assert apply_rewrites(graph, [rewrites.SumAsAdditions()])[0]["applied"] == 1
    assert kinds(graph) == ["scale"] * (terms - 1) + ["elementwise_add"] * (terms - 1)
    np.testing.assert_allclose(run(graph, x)[0], x * sum(range(1, terms + 1)), rtol=1e-6)
    assert not wrong_shapes(graph, x)


@pytest.mark.parametrize(
    ("graph", "reason"),
    [(program(1), "adds 1 tensor(s)"), (program(2, [1, 3, 4, 1]), "adds tensors of several shapes")],
)
def test_what_is_no_sum_of_equals_is_refused(rewrites, graph, reason):
    (report,) = apply_rewrites(graph, [rewrites.SumAsAdditions()])
    assert report["refused"] == [f"sum (block 0, op {len(graph.ops()) - 2} -> y) {reason}"]
