"""Slices along a dimension, each by itself."""

import numpy as np
import pytest
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, inputs_of, kinds, noise, run, wrong_shapes


def program(kind, axis, shape, read):
    written = Written(shape)
    rest = [extent for place, extent in enumerate(shape) if place != axis % len(shape)]
    names = [f"part{place}" for place in range(shape[axis])]
    for name in names:
        written.variable(name, rest)
    written.add(kind, {"X": ["x"]}, {"Out": names}, axis=axis)
    return written.fetch(*(names[place] for place in read))


@pytest.mark.parametrize("kind", ["unbind", "unstack"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_the_numbers_stay_and_what_nobody_reads_goes(rewrites, kind, axis):
    graph, x = program(kind, axis, [3, 4, 3], [0, 2]), noise(3, 4, 3)
    assert apply_rewrites(graph, [rewrites.PlainUnbind()])[0]["applied"] == 1
    assert kinds(graph) == ["slice", "slice"]
    assert inputs_of(graph, "slice", "Input") == [["x"], ["x"]]
    for found, place in zip(run(graph, x), (0, 2), strict=True):
        np.testing.assert_array_equal(found, np.take(x, place, axis))
    assert not wrong_shapes(graph, x)


def test_a_dimension_of_another_extent_is_a_reason_to_refuse(rewrites):
    written = Written([3, -1])
    written.then("unbind", {"X": ["x"]}, "y", [3], axis=1)
    (report,) = apply_rewrites(written.fetch("y"), [rewrites.PlainUnbind()])
    assert report["refused"] == ["unbind (block 0, op 1 -> y) takes 1 of -1 slices"]
