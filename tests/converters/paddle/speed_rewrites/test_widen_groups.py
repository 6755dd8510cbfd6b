"""Convolutions of groups of a few channels."""

import numpy as np
import pytest
from edgeworker.paddle_program import attribute
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle.speed_rewrites.mixed import SIZE, SideBySide
from tests.converters.paddle_programs import Written, kinds, noise, run, undeclared, wrong_shapes


def report(rewrites, graph):
    return apply_rewrites(graph, [rewrites.WidenGroups()])[0]


def grouped(out: int = 6, channels: int = 4, groups: int = 2, kernel: int = 1, kind: str = "conv2d", **changed):
    """A convolution of groups behind the input, and a ReLU behind it."""
    written = Written([2, channels, SIZE, SIZE])
    written.parameter("kernels", noise(out, channels // groups, kernel, kernel, seed=3))
    attributes = {"strides": [1, 1], "paddings": [kernel // 2] * 2, "dilations": [1, 1], "groups": groups,
                  "padding_algorithm": "EXPLICIT", "data_format": "NCHW"} | changed  # fmt: skip
    side = -(-SIZE // attributes["strides"][0])
    inputs = {"Input": ["x"], "Filter": ["kernels"]}
    written.then(kind, inputs, "c", [2, out, side, side], slot="Output", **attributes)
    written.then("relu", {"X": ["c"]}, "y", [2, out, side, side])
    return written


@pytest.mark.parametrize("strides", [1, 2])
def test_one_convolution_without_groups(rewrites, strides):
    graph = grouped(strides=[strides, strides]).fetch("y")
    x = noise(2, 4, SIZE, SIZE, seed=9)
    before = run(graph, x)
    assert report(rewrites, graph) == {"name": "widen-groups", "applied": 1, "refused": []}
    graph.drop_unused()
    assert kinds(graph) == ["conv2d", "relu"]
    np.testing.assert_allclose(run(graph, x)[0], before[0], rtol=0, atol=2e-6)
    assert attribute(graph.ops({"conv2d"})[0], "groups") == 1
    assert graph.stored("c.wide_kernels").shape == (6, 4, 1, 1)
    assert not undeclared(graph)
    assert not wrong_shapes(graph, x)
    assert report(rewrites, graph)["applied"] == 0


@pytest.mark.parametrize(("each", "groups", "left"), [(4, 8, 2), (8, 4, 2), (8, 2, 1), (2, 8, 1)])
def test_groups_fill_a_block(rewrites, each, groups, left):
    graph = grouped(2 * groups, each * groups, groups, kernel=3).fetch("y")
    x = noise(2, each * groups, SIZE, SIZE, seed=9)
    before = run(graph, x)
    assert report(rewrites, graph)["applied"] == 1
    graph.drop_unused()
    (conv,) = graph.ops({"conv2d"})
    assert attribute(conv, "groups") == left
    np.testing.assert_allclose(run(graph, x)[0], before[0], rtol=0, atol=5e-6)
    assert not wrong_shapes(graph, x)
    assert report(rewrites, graph)["applied"] == 0


def test_what_was_split_is_merged_first(rewrites):
    graph = SideBySide([(5, 3, 1, 1)] * 3).end()
    x = noise(2, 9, SIZE, SIZE, seed=9)
    before = run(graph, x)
    reports = apply_rewrites(graph, [rewrites.MergeSplitPointwise(), rewrites.WidenGroups()])
    assert [one["applied"] for one in reports] == [1, 1]
    graph.drop_unused()
    np.testing.assert_allclose(run(graph, x)[0], before[0], rtol=0, atol=2e-6)
    assert graph.stored(graph.ops({"conv2d"})[0].desc.inputs[1].arguments[0]).shape == (15, 9, 1, 1)


@pytest.mark.parametrize(
    "written",
    [
        lambda: grouped(52, 52),
        lambda: grouped(6, 6, kernel=3),
        lambda: grouped(32, 32, 2),
        lambda: grouped(4, 4, 4, kind="depthwise_conv2d"),
        lambda: grouped(groups=1),
    ],
    ids=["wide", "3 x 3, no block", "a block each", "depthwise", "no groups"],
)
def test_others_are_none_of_its(rewrites, written):
    assert report(rewrites, written().fetch("y")) == {"name": "widen-groups", "applied": 0, "refused": []}


def test_kernels_that_others_share_are_refused(rewrites):
    written = grouped()
    written.then("relu", {"X": ["kernels"]}, "again", [6, 2, 1, 1])
    assert "shares its kernels" in report(rewrites, written.fetch("y", "again"))["refused"][0]
