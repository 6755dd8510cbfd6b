"""Patches: by order alone where they lie side by side, else by a convolution; the numbers stay, to the bit."""

import numpy as np
import pytest
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, kinds, noise, patches, run, undeclared, wrong_shapes

# kernel, strides, paddings (top, left, bottom, right), dilations, height, width
SIDE_BY_SIDE = [([2, 2], [2, 2], [0] * 4, [1, 1], 8, 6), ([4, 2], [4, 2], [0] * 4, [1, 1], 8, 6)]
OTHERS = [
    ([3, 3], [1, 1], [1] * 4, [1, 1], 6, 7),
    ([3, 2], [2, 1], [1, 0, 2, 1], [1, 1], 7, 6),
    ([2, 2], [1, 2], [0] * 4, [2, 3], 8, 9),
    # Side by side, with a row that no patch covers.
    ([2, 2], [2, 2], [0] * 4, [1, 1], 7, 6),
]


def program(case, channels=3, number=2):
    kernel, strides, sides, dilations, height, width = case
    down, across = patches(np.zeros((1, 1, height, width)), kernel, strides, sides, dilations).shape[4:]
    written = Written([number, channels, height, width])
    attributes = {"kernel_sizes": kernel, "strides": strides, "paddings": sides, "dilations": dilations}
    shape = [number, channels * kernel[0] * kernel[1], down * across]
    written.then("unfold", {"X": ["x"]}, "y", shape, slot="Y", **attributes)
    return written.fetch("y")


@pytest.mark.parametrize("case", [*SIDE_BY_SIDE, *OTHERS])
def test_the_numbers_stay_to_the_bit(rewrites, case):
    graph, x = program(case), noise(2, 3, *case[4:])
    (before,) = run(graph, x)
    assert before.std() > 0.5
    assert apply_rewrites(graph, [rewrites.PlainUnfold()])[0]["applied"] == 1
    expected = ["reshape2", "transpose2", "reshape2", "transpose2", "reshape2"]
    assert kinds(graph) == (expected if case in SIDE_BY_SIDE else ["conv2d", "reshape2"])
    (after,) = run(graph, x)
    np.testing.assert_array_equal(after, before)
    assert not undeclared(graph)
    assert not wrong_shapes(graph, x)
    assert max(len(graph.shape(variable.name)) for variable in graph.block.vars) <= 4


@pytest.mark.parametrize("case", [SIDE_BY_SIDE[0], OTHERS[0]])
def test_an_open_batch_stays_open(rewrites, case):
    graph = program(case, number=-1)
    apply_rewrites(graph, [rewrites.PlainUnfold()])
    for number in (1, 3):
        x = noise(number, 3, *case[4:])
        expected = patches(x, *case[:4]).reshape(number, 3 * case[0][0] * case[0][1], -1)
        np.testing.assert_array_equal(run(graph, x)[0], expected)
        assert not wrong_shapes(graph, x)


def test_a_picture_of_open_size_is_a_reason_to_refuse(rewrites):
    written = Written([1, 3, -1, 8])
    written.then("unfold", {"X": ["x"]}, "y", [1, 12, -1], slot="Y", kernel_sizes=[2, 2], strides=[2, 2])
    (report,) = apply_rewrites(written.fetch("y"), [rewrites.PlainUnfold()])
    assert report["applied"] == 0
    (reason,) = report["refused"]
    assert reason.endswith("takes patches of [1, 3, -1, 8], not of a picture in FP32 of known size")


def test_a_second_application_changes_nothing(rewrites):
    graph = program(OTHERS[0])
    apply_rewrites(graph, [rewrites.PlainUnfold()])
    once = graph.settled().SerializeToString()
    assert apply_rewrites(graph, [rewrites.PlainUnfold()])[0]["applied"] == 0
    assert graph.settled().SerializeToString() == once
