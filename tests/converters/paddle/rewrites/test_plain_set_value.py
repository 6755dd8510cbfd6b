"""Writing into a part of a tensor, as slices and concatenations."""

import re

import numpy as np
import pytest
from edgeworker.paddle_graph import Longs
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, kinds, noise, run, undeclared, wrong_shapes

SHAPE = [2, 6, 5]


def program(axes, starts, ends, value=None, steps=None, number=0.5, shape=SHAPE):
    """x[part] = relu(x[part]), or a number."""
    written = Written(shape)
    inputs = {"Input": ["x"]}
    attributes = {
        "axes": Longs(axes), "starts": Longs(starts), "ends": Longs(ends), "steps": Longs(steps or [1] * len(axes)),
        "decrease_axes": Longs(), "none_axes": Longs(), "dtype": 5,
    }  # fmt: skip
    if value:
        cut = {"axes": axes, "starts": starts, "ends": ends, "decrease_axis": []}
        written.then("slice", {"Input": ["x"]}, "part", value, **cut)
        inputs["ValueTensor"] = [written.then("relu", {"X": ["part"]}, "value", value)]
    else:
        attributes |= {"fp32_values": [number], "shape": Longs([1])}
    written.then("set_value", inputs, "y", shape, **attributes)
    return written.fetch("y")


@pytest.mark.parametrize(
    ("axes", "starts", "ends", "value"),
    [
        ([1], [0], [4], [2, 4, 5]),
        ([1], [2], [2147483647], [2, 4, 5]),
        ([1, 2], [-4, 1], [-1, 4], [2, 3, 3]),
        ([1], [0], [6], [2, 6, 5]),
        ([1, 2], [-4, 1], [-1, 4], None),
        ([0, 1, 2], [1, 0, 4], [2, 3, 5], None),
        ([1], [0], [6], None),
        ([1], [4], [2], None),
    ],
)
def test_the_numbers_stay(rewrites, axes, starts, ends, value):
    graph, x = program(axes, starts, ends, value), noise(*SHAPE)
    (before,) = run(graph, x)
    assert not np.array_equal(before, x) or starts > ends
    assert apply_rewrites(graph, [rewrites.PlainSetValue()])[0]["applied"] == 1
    assert "set_value" not in kinds(graph)
    np.testing.assert_array_equal(run(graph, x)[0], before)
    assert not undeclared(graph)
    assert not wrong_shapes(graph, x)


def test_an_open_batch_stays_open(rewrites):
    graph = program([1], [2], [5], [-1, 3, 5], shape=[-1, 6, 5])
    apply_rewrites(graph, [rewrites.PlainSetValue()])
    for number in (1, 3):
        x = noise(number, 6, 5)
        expected = x.copy()
        expected[:, 2:5] = np.maximum(x[:, 2:5], 0)
        np.testing.assert_array_equal(run(graph, x)[0], expected)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"axes": [1], "starts": [0], "ends": [6], "steps": [2]}, "every second element"),
        ({"axes": [0], "starts": [0], "ends": [1], "shape": [-1, 6, 5]}, "every second element or the like"),
        ({"axes": [1], "starts": [0], "ends": [4], "value": [2, 1, 5]}, r"repeats its value \[2, 1, 5\]"),
    ],
)
def test_what_it_cannot_keep_is_a_reason_to_refuse(rewrites, options, reason):
    graph = program(**options)
    (report,) = apply_rewrites(graph, [rewrites.PlainSetValue()])
    assert report["applied"] == 0
    assert re.search(reason, report["refused"][0])
