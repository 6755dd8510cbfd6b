import numpy as np
import pytest
from onnx import TensorProto

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest, operators


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("sum-of-one-axis", onnx_graph, rewrites)


def summed(axes, *, opset=13, shape=(1, 3, 4, 5), **attributes):
    build = Builder(opset=opset)
    x = build.input("x", *shape)
    return build.model(build.op("ReduceSum", x, build.constant(np.array(axes)), **attributes))


@pytest.mark.parametrize("axis", [1, 2, -1])
@pytest.mark.parametrize("attributes", [{}, {"keepdims": 0}, {"keepdims": 1}])
def test_a_sum_is_a_mean_times_a_count(rewrite, axis, attributes):
    model = summed([axis], **attributes)
    rewrite.keeps_values(model)
    assert operators(model) == ["ReduceMean", "Mul"]


def test_two_axes_are_left_alone(rewrite):
    rewrite.leaves(summed([1, 2]))


def test_an_attribute_is_left_alone(rewrite):
    build = Builder(opset=11)
    rewrite.leaves(build.model(build.op("ReduceSum", build.input("x", 1, 3, 4), axes=[1])))


def test_where_a_mean_takes_its_axes_as_an_input_it_is_refused(rewrite):
    reason = rewrite.refuses(summed([1], opset=18))
    assert reason == "ReduceSum n0: in opset 18 the axes of a mean are an input too"


def test_integers_are_refused(rewrite):
    build = Builder()
    shape = build.op("Shape", build.input("x", 1, 3, 4))
    total = build.op("ReduceSum", shape, build.constant(np.array([0])))
    assert "are no FP32 numbers" in rewrite.refuses(build.model(build.op("Cast", total, to=TensorProto.FLOAT)))


def test_an_open_dimension_is_refused(rewrite):
    assert "the shape of 'x' is not known" in rewrite.refuses(summed([1], shape=(1, 3, "n")))
