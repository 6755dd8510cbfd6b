import numpy as np
import pytest

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest, operators


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("affine-rows", onnx_graph, rewrites)


# In ONNX's reference implementation of older opsets a BatchNormalization goes on learning.
OPSET = 14


def normalised(build, value, channels=6, **attributes):
    random = np.random.default_rng(3)
    numbers = [random.standard_normal(channels) for _ in range(3)]
    numbers.append(random.uniform(0.5, 2, channels))
    constants = [build.constant(number.astype(np.float32)) for number in numbers]
    return build.op("BatchNormalization", value, *constants, epsilon=1e-3, **attributes)


def rows(*, linear=True, bias=False, shape=(1, 4, 5), shared=False):
    """Tokens times a matrix, flattened, normalised, and parted again, as in LeViT."""
    build = Builder(opset=OPSET)
    tokens = build.input("x", *shape)
    product = build.linear(tokens, 5, 6, bias) if linear else build.op("Relu", tokens)
    channels = 6 if linear else 5
    value = normalised(build, build.reshape(product, -1, channels), channels)
    outputs = [build.reshape(value, *shape[:2], channels)]
    return build.model(*outputs, *([build.op("Relu", product)] if shared else []))


def test_it_is_folded_into_the_product_before_it(rewrite):
    model = rows()
    rewrite.keeps_values(model)
    assert operators(model) == ["MatMul", "Add", "Reshape", "Reshape"]
    assert sorted(tuple(tensor.dims) for tensor in model.graph.initializer) == [(2,), (3,), (5, 6), (6,)]


@pytest.mark.parametrize("spoil", [{"bias": True}, {"linear": False}, {"shared": True}])
def test_else_it_is_a_factor_and_a_summand(rewrite, spoil):
    model = rows(**spoil)
    rewrite.keeps_values(model)
    assert {"Mul", "Add"} <= set(operators(model))
    assert "BatchNormalization" not in operators(model)


def test_rows_that_come_as_a_matrix(rewrite):
    build = Builder(opset=OPSET)
    rewrite.keeps_values(build.model(normalised(build, build.input("x", 4, 6))))


@pytest.mark.parametrize("shape", [(1, 6), (1, 6, 4), (2, 6, 3, 3)])
def test_where_the_first_dimension_is_the_batch_it_stays(rewrite, shape):
    build = Builder(opset=OPSET)
    rewrite.leaves(build.model(normalised(build, build.input("x", *shape))))


def test_statistics_that_are_computed_are_refused(rewrite):
    build = Builder(opset=OPSET)
    x = build.input("x", 4, 6)
    mean = build.op("ReduceMean", x, axes=[0], keepdims=0)
    scale, shift, variance = (build.weights(6) for _ in range(3))
    model = build.model(build.op("BatchNormalization", x, scale, shift, mean, variance))
    assert rewrite.refuses(model) == "BatchNormalization n1: its statistics are no constants"


def test_an_open_dimension_is_refused(rewrite):
    build = Builder(opset=OPSET)
    model = build.model(normalised(build, build.input("x", "n", 6)))
    assert rewrite.refuses(model) == "BatchNormalization n0: the shape of 'x' is not known"
