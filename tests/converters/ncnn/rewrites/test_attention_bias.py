import pytest

from tests.converters.ncnn.attention_graphs import Builder, cross_attention
from tests.converters.ncnn.rewriting import RewriteUnderTest, operators


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("attention-bias", onnx_graph, rewrites)


def test_the_output_projection_gets_zeros(rewrite):
    model = cross_attention(bias=False)
    assert operators(model).count("Add") == 0
    rewrite.keeps_values(model)
    assert operators(model)[-2:] == ["MatMul", "Add"]
    assert [tuple(tensor.dims) for tensor in model.graph.initializer].count((16,)) == 1


def test_one_that_has_a_summand_is_left_alone(rewrite):
    rewrite.leaves(cross_attention(bias=True))


def test_a_product_of_two_values_is_no_projection(rewrite):
    build = Builder()
    x = build.input("x", 1, 4, 4)
    attended = build.attention(x, x, x, 3, 0.5)
    rewrite.leaves(build.model(build.op("MatMul", build.transpose(attended, 0, 2, 1), x)))


def test_a_softmax_of_no_attention_is_left_alone(rewrite):
    build = Builder()
    softmax = build.op("Softmax", build.linear(build.input("x", 1, 4, 8), 8, 8, bias=False), axis=-1)
    once = build.linear(softmax, 8, 8, bias=False)
    rewrite.leaves(build.model(build.linear(once, 8, 8, bias=False)))


def test_a_result_that_something_else_reads_is_left_alone(rewrite):
    build = Builder()
    x = build.input("x", 1, 4, 4)
    attended = build.attention(x, x, x, 3, 0.5)
    rewrite.leaves(build.model(build.linear(attended, 4, 8, bias=False), build.op("Relu", attended)))


def test_an_open_dimension_is_refused(rewrite):
    build = Builder()
    x = build.input("x", 1, "n", 4)
    model = build.model(build.linear(build.attention(x, x, x, 3, 0.5), 4, 8, bias=False))
    assert "is not known" in rewrite.refuses(model)
