"""Depthwise convolutions of several kernel sizes side by side."""

import numpy as np
import pytest
from edgeworker.paddle_program import attribute
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle.speed_rewrites.mixed import SIZE, SideBySide
from tests.converters.paddle_programs import kinds, noise, run, undeclared, wrong_shapes

MIXED = [(3, 1, 3, 3), (2, 1, 5, 5), (4, 1, 7, 7)]


def report(rewrites, graph):
    return apply_rewrites(graph, [rewrites.MergeMixedDepthwise()])[0]


@pytest.mark.parametrize("strides", [1, 2])
def test_one_convolution_with_zeros_around_the_smaller_kernels(rewrites, strides):
    graph = SideBySide(MIXED, strides).end()
    x = noise(2, 9, SIZE, SIZE, seed=9)
    before = run(graph, x)
    assert report(rewrites, graph) == {"name": "merge-mixed-depthwise", "applied": 1, "refused": []}
    graph.drop_unused()
    assert kinds(graph) == ["depthwise_conv2d", "relu"]
    np.testing.assert_allclose(run(graph, x)[0], before[0], rtol=0, atol=2e-6)
    (conv,) = graph.ops({"depthwise_conv2d"})
    assert (attribute(conv, "groups"), attribute(conv, "paddings"), attribute(conv, "strides")) == (
        9, [3, 3], [strides, strides],
    )  # fmt: skip
    kernels = graph.stored("joined.kernels")
    assert kernels.shape == (9, 1, 7, 7)
    np.testing.assert_array_equal(kernels[3:5, :, 1:6, 1:6], noise(2, 1, 5, 5, seed=1))
    assert np.count_nonzero(kernels) == 3 * 9 + 2 * 25 + 4 * 49
    assert not undeclared(graph)
    assert not wrong_shapes(graph, x)
    assert report(rewrites, graph)["applied"] == 0


@pytest.mark.parametrize(
    ("built", "reason"),
    [
        (lambda: SideBySide(MIXED, steps=2, paddings=[2, 2]).end(), "pads (2, 2, 2, 2), not half of its kernels"),
        (lambda: SideBySide(MIXED, paddings=[3, 3, 2, 4]).end(), "pads (3, 3, 2, 4)"),
        (lambda: SideBySide(MIXED, steps=1).end("c1"), "c1 in the middle of it is read elsewhere"),
        (lambda: SideBySide(MIXED, steps=1).end("part2"), "part2 in the middle of it is read elsewhere"),
        (lambda: SideBySide(MIXED, steps=1).end(order=["c1", "c0", "c2"]), "in their order"),
        (lambda: SideBySide(MIXED, steps=1).end(order=["c0", "c1"]), "just what the convolutions give"),
        (lambda: SideBySide([(3, 1, 3, 3), (2, 1, 4, 4)]).end(), "4 x 4, which have no middle"),
        (lambda: SideBySide([(3, 1, 3, 3), (2, 1, 3, 5)]).end(), "3 x 5, which have no middle"),
        (lambda: SideBySide(MIXED, steps=1, dilations=[2, 2]).end(), "different dilations"),
        (lambda: SideBySide(MIXED, steps=1, padding_algorithm="SAME").end(), "the padding SAME"),
        (lambda: SideBySide(MIXED).end(axis=2, order=["c0", "c0"]), "not along the channels"),
        (
            lambda: SideBySide([(3, 1, 3, 3), (4, 2, 3, 3)], channels=[3, 4], groups=[3, 2]).end(),
            "not depthwise with one result a channel",
        ),
        (
            lambda: SideBySide([(3, 1, 3, 3), (4, 1, 3, 3)], channels=[3, 2], groups=[3, 2]).end(),
            "not depthwise with one result a channel",
        ),
    ],
)  # fmt: skip
def test_what_is_no_mixed_convolution_stays(rewrites, built, reason):
    graph = built()
    before = kinds(graph)
    found = report(rewrites, graph)
    assert found["applied"] == 0
    assert len(found["refused"]) == 1
    assert reason in found["refused"][0]
    assert kinds(graph) == before
    assert not graph.changed_parameters


def test_other_strides_in_one_part_are_refused(rewrites):
    assert "different strides" in report(rewrites, SideBySide(MIXED, strides=[1, 2]).end())["refused"][0]


def test_a_part_that_goes_elsewhere_is_refused(rewrites):
    side = SideBySide(MIXED)
    graph = side.end()
    relu = next(op for op in graph.ops({"depthwise_conv2d"}) if op.desc.outputs[0].arguments == ["c1"])
    relu.desc.type = "relu"
    graph._ops = None
    assert "has a part that no convolution reads" in report(rewrites, graph)["refused"][0]


def test_kernels_that_are_shared_or_quantised_are_refused(rewrites):
    side = SideBySide([(2, 1, 3, 3), (2, 1, 3, 3)])
    graph = side.end()
    last = next(op for op in graph.ops({"depthwise_conv2d"}) if op.desc.outputs[0].arguments == ["c1"])
    next(slot for slot in last.desc.inputs if slot.parameter == "Filter").arguments[:] = ["kernels0"]
    graph._ops = None
    assert "shares its kernels kernels0" in report(rewrites, graph)["refused"][0]

    side = SideBySide([(2, 1, 3, 3), (2, 1, 3, 3)])
    graph = side.end()
    graph.block.vars[[one.name for one in graph.block.vars].index("kernels1")].type.lod_tensor.tensor.data_type = 21
    assert "it is quantised" in report(rewrites, graph)["refused"][0]
