import pytest

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("misread-shuffle", onnx_graph, rewrites)


def shuffles(*groups, channels=16, size=3):
    """Shuffles of the channels of an image, without a Reshape to the image between them."""
    build = Builder()
    value = build.op("Relu", build.input("x", 1, channels, size, size))
    for group in groups:
        parted = build.reshape(value, 1, group, channels // group, size, size)
        value = build.transpose(parted, 0, 2, 1, 3, 4)
    return build.model(build.reshape(value, 1, channels, size, size))


def test_one_shuffle_is_left_alone(rewrite):
    rewrite.leaves(shuffles(4))


@pytest.mark.parametrize("groups", [(2, 8), (8, 4), (2, 4, 8)])
def test_those_that_follow_count_height_and_width_as_one(rewrite, groups):
    model = shuffles(*groups)
    rewrite.keeps_values(model, len(groups) - 1)
    ranks = [len(node.attribute[0].ints) for node in model.graph.node if node.op_type == "Transpose"]
    assert ranks == [5] + [4] * (len(groups) - 1)


def test_a_batch_is_refused(rewrite):
    build = Builder()
    value = build.transpose(build.reshape(build.input("x", 2, 4, 4, 3, 3), 2, 8, 2, 3, 3), 0, 2, 1, 3, 4)
    reason = rewrite.refuses(build.model(build.reshape(value, 2, 16, 3, 3)))
    assert "only a batch of 1 may be left out" in reason
