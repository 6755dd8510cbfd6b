import numpy as np
import pytest

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("contiguous-slices", onnx_graph, rewrites)


def sliced(shape, *bounds, axes=None):
    """`x` cut by (start, stop, step) along axes 1, 2, ..."""
    build = Builder()
    x = build.input("x", *shape)
    starts, stops, steps = (build.constant(np.array(numbers, np.int64)) for numbers in zip(*bounds, strict=True))
    along = build.constant(np.array(axes or range(1, len(bounds) + 1), np.int64))
    return build.model(build.op("Slice", x, starts, stops, along, steps))


def steps(model):
    """Of every Slice."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    given = [node.input[4] for node in model.graph.node if node.op_type == "Slice" and len(node.input) > 4]
    return [np.frombuffer(constants[name].raw_data, np.int64).tolist() for name in given]


END = np.iinfo(np.int64).max


@pytest.mark.parametrize("size", [2, 5, 6, 7, 8])
@pytest.mark.parametrize("step", [2, 3])
@pytest.mark.parametrize("start", [0, 1, -2])
def test_every_second_or_third(rewrite, size, step, start):
    model = sliced((1, size, 3), (start, END, step))
    rewrite.keeps_values(model)
    assert steps(model) == []


@pytest.mark.parametrize("stop", [4, 5, 6, -1])
def test_up_to_somewhere(rewrite, stop):
    rewrite.keeps_values(sliced((1, 8, 3), (1, stop, 2)))


def test_rows_and_columns(rewrite):
    """As LeViT does it, at 14 and at 7."""
    for size in (14, 7):
        model = sliced((1, size, size, 4), (0, size, 2), (0, size, 2))
        rewrite.keeps_values(model)
        assert steps(model) == []


def test_steps_beside_a_plain_cut(rewrite):
    rewrite.keeps_values(sliced((2, 8, 6, 5), (0, 8, 3), (1, 4, 1), axes=[-3, 2]))


def test_steps_of_one_are_left_alone(rewrite):
    rewrite.leaves(sliced((1, 8, 3), (1, 7, 1)))


def test_going_backwards_is_refused(rewrite):
    reason = rewrite.refuses(sliced((1, 8, 3), (7, 0, -2)))
    assert reason == "Slice n0: it goes backwards (steps [-2])"


def test_nothing_left_is_refused(rewrite):
    assert "nothing is left of 'x'" in rewrite.refuses(sliced((1, 8, 3), (5, 5, 2)))


def test_an_open_dimension_is_refused(rewrite):
    assert "the shape of 'x' is not known" in rewrite.refuses(sliced((1, "n", 3), (0, END, 2)))
