import pytest

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest, operators


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("marked-batch", onnx_graph, rewrites)


@pytest.mark.parametrize("view", ["Reshape", "Transpose"])
def test_a_pool_of_one_pixel_goes_before_it(rewrite, view):
    build = Builder()
    x = build.input("x", 1, 2, 4, 4)
    parted = build.reshape(x, 1, 2, 2, 2, 4) if view == "Reshape" else build.transpose(x, 0, 2, 3, 1)
    model = build.model(parted, build.op("Relu", x))
    rewrite.keeps_values(model)
    assert operators(model) == ["MaxPool", view, "Relu"]
    assert [node.input[0] for node in model.graph.node] == ["x", "x.marked", "x.marked"]


@pytest.mark.parametrize("operator", ["Relu", "GlobalAveragePool"])
def test_an_image_that_is_read_as_one_is_left_alone(rewrite, operator):
    build = Builder()
    rewrite.leaves(build.model(build.reshape(build.op(operator, build.input("x", 1, 2, 4, 4)), 1, -1)))


def test_rows_are_left_alone(rewrite):
    build = Builder()
    rewrite.leaves(build.model(build.reshape(build.input("x", 1, 8, 4), 1, 2, 4, 4)))


def test_an_open_dimension_is_refused(rewrite):
    build = Builder()
    model = build.model(build.transpose(build.input("x", 1, 2, "h", 4), 0, 2, 3, 1))
    assert rewrite.refuses(model) == "input x: its shape is not known"
