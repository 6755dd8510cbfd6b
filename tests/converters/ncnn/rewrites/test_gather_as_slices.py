import numpy as np
import pytest

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest, operators


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("gather-as-slices", onnx_graph, rewrites)


def gathered(shape, index, axis=1):
    build = Builder()
    x = build.input("x", *shape)
    return build.model(build.op("Gather", x, build.constant(np.array(index, np.int64)), axis=axis))


def shuffle(groups, inside):
    """MicroNet's: every group moves on by one, and every channel inside its group."""
    channels = np.arange(groups * inside).reshape(groups, inside)
    return np.roll(np.roll(channels, -1, 0), -1, 1).ravel()


@pytest.mark.parametrize("axis", [1, -2, 2])
@pytest.mark.parametrize("index", [[2], [1, 2, 3], [3, 0, 1], [0, 0, 2], [-1, -2], [[0, 1], [2, 3]], [[1, 2], [0, 1]]])
def test_numbers_in_runs(rewrite, index, axis):
    model = gathered((1, 4, 5), index, axis)
    rewrite.keeps_values(model)
    assert "Gather" not in operators(model)


def test_windows_are_a_slice_each(rewrite):
    """As paddle2onnx writes `unfold`: places of a kernel of 3 by windows with a stride of 2."""
    model = gathered((1, 3, 9, 9), [[place + 2 * window for window in range(4)] for place in range(3)], axis=2)
    rewrite.keeps_values(model)
    assert operators(model) == ["Slice", "Slice", "Slice", "Concat", "Reshape"]


@pytest.mark.parametrize("groups", [3, 4, 12])
def test_a_shuffle_in_two_levels_takes_two_slices_each(rewrite, groups):
    model = gathered((1, groups * 4, 3, 3), shuffle(groups, 4))
    rewrite.keeps_values(model)
    assert operators(model).count("Slice") == 4
    assert operators(model).count("Concat") == 2


def test_a_batch_and_the_last_axis(rewrite):
    rewrite.keeps_values(gathered((3, 2, 8), shuffle(2, 4), axis=-1))


def test_too_many_runs_are_refused(rewrite):
    index = np.random.default_rng(0).permutation(64)
    assert "its numbers are 6" in rewrite.refuses(gathered((1, 64, 3), index))


def test_one_number_is_left_alone(rewrite):
    """pnnx knows it, and attention is cut by it."""
    rewrite.leaves(gathered((1, 4, 5), 2))


def test_numbers_that_are_computed_are_left_alone(rewrite):
    build = Builder()
    x = build.input("x", 1, 4)
    index = build.op("ArgMax", x, axis=1, keepdims=1)
    rewrite.leaves(build.model(build.op("Gather", x, index, axis=1)))


def test_an_open_dimension_is_refused(rewrite):
    assert rewrite.refuses(gathered((1, 4, "n"), [0, 1])) == "Gather n0: the shape of 'x' is not known"
