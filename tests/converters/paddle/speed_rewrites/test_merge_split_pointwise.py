"""Convolutions of one pixel on parts of the channels."""

import numpy as np
import pytest
from edgeworker.paddle_program import attribute
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle.speed_rewrites.mixed import SIZE, SideBySide
from tests.converters.paddle_programs import kinds, noise, run, undeclared, wrong_shapes

ALIKE = [(5, 3, 1, 1), (5, 3, 1, 1), (5, 3, 1, 1)]


def report(rewrites, graph):
    return apply_rewrites(graph, [rewrites.MergeSplitPointwise()])[0]


@pytest.mark.parametrize("strides", [1, 2])
def test_one_convolution_of_groups(rewrites, strides):
    graph = SideBySide(ALIKE, strides).end()
    x = noise(2, 9, SIZE, SIZE, seed=9)
    before = run(graph, x)
    assert report(rewrites, graph) == {"name": "merge-split-pointwise", "applied": 1, "refused": []}
    graph.drop_unused()
    assert kinds(graph) == ["conv2d", "relu"]
    np.testing.assert_allclose(run(graph, x)[0], before[0], rtol=0, atol=2e-6)
    assert attribute(graph.ops({"conv2d"})[0], "groups") == 3
    np.testing.assert_array_equal(
        graph.stored("joined.kernels"), np.concatenate([noise(5, 3, 1, 1, seed=number) for number in range(3)])
    )
    assert not undeclared(graph)
    assert not wrong_shapes(graph, x)
    assert report(rewrites, graph)["applied"] == 0


@pytest.mark.parametrize(
    ("built", "reason"),
    [
        (lambda: SideBySide([(5, 3, 1, 1), (4, 3, 1, 1)]).end(), "groups are alike"),
        (lambda: SideBySide([(5, 3, 1, 1), (5, 4, 1, 1)]).end(), "groups are alike"),
        (lambda: SideBySide([(5, 3, 3, 3), (5, 3, 3, 3)]).end(), "kernels of 3 x 3"),
        (lambda: SideBySide(ALIKE).end("c1"), "c1 in the middle of it is read elsewhere"),
        (lambda: SideBySide(ALIKE).end(order=["c1", "c0", "c2"]), "in their order"),
        (lambda: SideBySide(ALIKE, paddings=[1, 1]).end(), "pads (1, 1, 1, 1)"),
    ],
)
def test_what_is_no_split_convolution_stays(rewrites, built, reason):
    graph = built()
    before = kinds(graph)
    found = report(rewrites, graph)
    assert (found["applied"], len(found["refused"])) == (0, 1)
    assert reason in found["refused"][0]
    assert kinds(graph) == before


def test_a_bias_of_a_convolution_is_refused(rewrites):
    side = SideBySide(ALIKE)
    side.written.parameter("bias", noise(5))
    conv = next(desc for desc in side.written.graph.block.ops if desc.type == "conv2d")
    conv.inputs.add(parameter="Bias", arguments=["bias"])
    assert "reads more than a picture and kernels" in report(rewrites, side.end())["refused"][0]


def test_depthwise_convolutions_are_the_other_rewrite_s(rewrites):
    graph = SideBySide([(3, 1, 3, 3), (2, 1, 5, 5)]).end()
    assert report(rewrites, graph) == {"name": "merge-split-pointwise", "applied": 0, "refused": []}
