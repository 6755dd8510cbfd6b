import pytest

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest, operators


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("images-as-depth", onnx_graph, rewrites)


def patches(build, count=4, **attributes):
    """`count` images of 2 channels, 4 x 4, out of one, convolved."""
    images = build.reshape(build.input("x", 1, 2 * count, 4, 4), count, 2, 4, 4)
    weights = build.weights(3, 2, 3, 3)
    return build.op("Conv", images, weights, kernel_shape=[3, 3], **attributes)


@pytest.mark.parametrize(
    "attributes",
    [{}, {"pads": [1, 0, 2, 1]}, {"strides": [2, 1], "pads": [1, 1, 1, 1]}, {"dilations": [1, 2], "pads": [2] * 4}],
)
def test_images_become_slices_of_one(rewrite, attributes):
    build = Builder()
    model = build.model(build.op("Relu", patches(build, **attributes)))
    rewrite.keeps_values(model)
    assert operators(model) == ["Reshape", "Transpose", "Reshape", "Conv", "Reshape", "Transpose", "Relu"]
    (convolution,) = [node for node in model.graph.node if node.op_type == "Conv"]
    kernel = next(attr for attr in convolution.attribute if attr.name == "kernel_shape")
    assert list(kernel.ints) == [1, 3, 3]


def test_one_image_is_left_alone(rewrite):
    build = Builder()
    rewrite.leaves(build.model(patches(build, count=1)))


def test_a_batch_is_refused(rewrite):
    build = Builder()
    value = build.op("Conv", build.input("x", 4, 2, 4, 4), build.weights(3, 2, 3, 3), kernel_shape=[3, 3])
    assert "may be those of a batch" in rewrite.refuses(build.model(value))


def test_computed_weights_are_refused(rewrite):
    build = Builder()
    images = build.reshape(build.input("x", 1, 8, 4, 4), 4, 2, 4, 4)
    weights = build.reshape(build.input("w", 1, 2, 3, 3), 1, 2, 3, 3)
    assert "its weights are computed" in rewrite.refuses(
        build.model(build.op("Conv", images, weights, kernel_shape=[3, 3]))
    )
