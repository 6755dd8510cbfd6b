import pytest

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest, operators


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("planar-instance-norm", onnx_graph, rewrites)


def normalised(build, value, groups=2):
    return build.op("InstanceNormalization", value, build.weights(groups), build.weights(groups), epsilon=1e-5)


def test_rows_become_images_of_one_column(rewrite):
    build = Builder()
    model = build.model(normalised(build, build.input("x", 1, 2, 12)))
    rewrite.keeps_values(model)
    assert operators(model) == ["Reshape", "InstanceNormalization", "Reshape"]


@pytest.mark.parametrize("spoil", ["no summand", "computed factor"])
def test_what_is_not_quite_a_group_normalisation_too(rewrite, spoil):
    build = Builder()
    x = build.input("x", 1, 4, 3, 3)
    value = build.reshape(normalised(build, build.reshape(x, 1, 2, -1)), 1, 4, 3, 3)
    value = build.op("Mul", value, x if spoil == "computed factor" else build.weights(4, 1, 1))
    rewrite.keeps_values(
        build.model(value if spoil == "no summand" else build.op("Add", value, build.weights(4, 1, 1)))
    )


def test_a_group_normalisation_is_left_alone(rewrite):
    build = Builder()
    rows = build.reshape(build.input("x", 1, 4, 3, 3), 1, 2, -1)
    value = build.op("Mul", build.reshape(normalised(build, rows), 1, 4, 3, 3), build.weights(4, 1, 1))
    rewrite.leaves(build.model(build.op("Add", value, build.weights(4, 1, 1))))


def test_an_image_is_left_alone(rewrite):
    build = Builder()
    rewrite.leaves(build.model(normalised(build, build.input("x", 1, 2, 3, 3))))


def test_an_open_dimension_is_refused(rewrite):
    build = Builder()
    model = build.model(normalised(build, build.input("x", 1, 2, "n")))
    assert rewrite.refuses(model) == "InstanceNormalization n0: the shape of 'x' is not known"
