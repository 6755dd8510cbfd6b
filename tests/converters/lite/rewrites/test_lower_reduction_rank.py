"""Reductions of many dimensions in three."""

import numpy as np
import pytest
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, kinds, noise, run, wrong_shapes

SHAPE = [2, 3, 2, 4, 3, 2]


def program(dim, keep=False, kind="reduce_sum", shape=SHAPE, every=False):
    axes = range(len(shape)) if every else [axis % len(shape) for axis in dim]
    left = [1 if place in axes else extent for place, extent in enumerate(shape) if keep or place not in axes]
    written = Written(shape)
    attributes = {"dim": dim, "keep_dim": keep, "reduce_all": every, "in_dtype": -1, "out_dtype": -1}
    written.then(kind, {"X": ["x"]}, "y", left, **attributes)
    return written.fetch("y")


@pytest.mark.parametrize("kind", ["reduce_sum", "reduce_max"])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("dim", [[3], [-1], [0], [4, 3], [0, 1, 2, 3, 4, 5]])
def test_the_numbers_stay(rewrites, kind, keep, dim):
    graph, x = program(dim, keep, kind), noise(*SHAPE)
    (before,) = run(graph, x)
    assert apply_rewrites(graph, [rewrites.LowerReductionRank()])[0]["applied"] == 1
    assert kinds(graph) == ["reshape2", kind, "reshape2"]
    np.testing.assert_allclose(run(graph, x)[0], before, rtol=1e-6, atol=1e-6)
    assert not wrong_shapes(graph, x)
    assert apply_rewrites(graph, [rewrites.LowerReductionRank()])[0]["applied"] == 0


def test_an_open_batch_stays_open(rewrites):
    graph = program([3], shape=[-1, *SHAPE[1:]])
    apply_rewrites(graph, [rewrites.LowerReductionRank()])
    for number in (1, 3):
        x = noise(number, *SHAPE[1:])
        np.testing.assert_allclose(run(graph, x)[0], x.sum(3), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"dim": [1, 3]}, "reduces the dimensions [1, 3], which are no neighbours"),
        ({"dim": [0], "shape": [-1, *SHAPE[1:]]}, "reduces a tensor of open extents"),
        ({"dim": [1], "shape": [-1, 3, -1, 4, 3]}, "reduces a tensor of open extents"),
    ],
)
def test_what_it_cannot_keep_is_a_reason_to_refuse(rewrites, options, reason):
    (report,) = apply_rewrites(program(**options), [rewrites.LowerReductionRank()])
    assert report["applied"] == 0
    assert reason in report["refused"][0]


def test_four_dimensions_are_left_alone(rewrites):
    (report,) = apply_rewrites(program([2], shape=SHAPE[:4]), [rewrites.LowerReductionRank()])
    assert report == {"name": "lower-reduction-rank", "applied": 0, "refused": []}
