"""Each repair through pnnx into ncnn: right with it, and without it refused, crashed or wrong.

If a test without a rewrite fails, pnnx or ncnn has learned it and the rewrite may go.
"""

import numpy as np
import onnx
import pytest

from edgekit.errors import ConversionError
from tests.converters.ncnn.attention_graphs import Builder, cross_attention
from tests.converters.ncnn.in_ncnn import through_ncnn

pytestmark = pytest.mark.toolchain


def embedded(build: Builder, channels: int = 16, size: int = 6) -> str:
    """An image and a convolution, which tells pnnx that the first dimension is the batch."""
    image = build.input("x", 1, channels, size, size)
    return build.op("Conv", image, build.weights(channels, channels, 1, 1), kernel_shape=[1, 1])


def equal_parts() -> onnx.ModelProto:
    """Two halves of the channels, multiplied."""
    build = Builder()
    build.op("Split", embedded(build), outputs=2, axis=1)
    first, second = build.nodes[-1].output
    return build.model(build.op("Mul", first, second))


def an_unread_part() -> onnx.ModelProto:
    """Tokens without their first."""
    build = Builder()
    tokens = build.transpose(build.reshape(embedded(build), 1, 16, 36), 0, 2, 1)
    build.op("Split", tokens, build.constant(np.array([1, 35])), outputs=2, axis=1)
    return build.model(build.linear(build.nodes[-1].output[1], 16, 8))


def every_second() -> onnx.ModelProto:
    """Every second row and column of tokens, 7 x 7."""
    build = Builder()
    rows = build.transpose(embedded(build, size=7), 0, 2, 3, 1)
    numbers = [build.constant(np.array(pair, np.int64)) for pair in ([0, 0], [7, 7], [1, 2], [2, 2])]
    return build.model(build.linear(build.reshape(build.op("Slice", rows, *numbers), 1, 16, 16), 16, 8))


def shuffled() -> onnx.ModelProto:
    """Channels by their numbers, in two levels."""
    build = Builder()
    numbers = np.roll(np.roll(np.arange(16).reshape(4, 4), -1, 0), -1, 1).ravel()
    image = embedded(build)
    return build.model(build.op("Mul", image, build.op("Gather", image, build.constant(numbers), axis=1)))


def shuffled_twice() -> onnx.ModelProto:
    """Two shuffles, and no Reshape to the image between them."""
    build = Builder()
    value = embedded(build)
    for groups in (4, 8):
        value = build.transpose(build.reshape(value, 1, groups, 16 // groups, 6, 6), 0, 2, 1, 3, 4)
    image = build.reshape(value, 1, 16, 6, 6)
    return build.model(build.op("Conv", image, build.weights(8, 16, 1, 1), kernel_shape=[1, 1]))


def normalised_rows() -> onnx.ModelProto:
    """Tokens times a matrix, flattened, normalised, parted."""
    build = Builder(opset=14)
    tokens = build.transpose(build.reshape(embedded(build), 1, 16, 36), 0, 2, 1)
    product = build.reshape(build.linear(tokens, 16, 8, bias=False), 36, 8)
    variance = build.constant(np.linspace(0.5, 2, 8).astype(np.float32))
    rows = build.op("BatchNormalization", product, *(build.weights(8) for _ in range(3)), variance)
    return build.model(build.reshape(rows, 1, 36, 8))


def grouped() -> onnx.ModelProto:
    """A group normalisation of one group, its factor and summand folded away."""
    build = Builder()
    rows = build.reshape(embedded(build), 1, 1, -1)
    one, zero = (build.constant(np.full(1, number, np.float32)) for number in (1, 0))
    image = build.reshape(build.op("InstanceNormalization", rows, one, zero), 1, 16, 6, 6)
    return build.model(build.op("Conv", image, build.weights(8, 16, 1, 1), kernel_shape=[1, 1]))


def patches(first: bool) -> onnx.ModelProto:
    """An image in four patches, each convolved by itself; cut `first` of all, or behind a convolution."""
    build = Builder()
    image = build.input("x", 1, 16, 6, 6) if first else embedded(build)
    parted = build.transpose(build.reshape(image, 1, 16, 2, 3, 2, 3), 0, 2, 4, 1, 3, 5)
    each = build.op(
        "Conv", build.reshape(parted, 4, 16, 3, 3), build.weights(8, 16, 3, 3), kernel_shape=[3, 3], pads=[1, 1, 1, 1]
    )
    return build.model(build.linear(build.reshape(each, 1, 4, 72), 72, 8))


def padded() -> onnx.ModelProto:
    """By Pad's own defaults."""
    build = Builder()
    image = build.op("Pad", embedded(build), build.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])))
    return build.model(build.op("Conv", image, build.weights(8, 16, 3, 3), kernel_shape=[3, 3]))


def summed() -> onnx.ModelProto:
    """A vector at every place, divided by its length."""
    build = Builder()
    image = embedded(build)
    squares = build.op("ReduceSum", build.op("Mul", image, image), build.constant(np.array([1])), keepdims=1)
    return build.model(build.op("Div", image, build.op("Sqrt", squares)))


def one_of_three() -> onnx.ModelProto:
    """Query, key and value from a convolution, taken apart along a dimension of their own."""
    build = Builder()
    parted = build.reshape(embedded(build, 24), 1, 3, 2, 4, 36)
    query, key, value = build.cut(build.transpose(parted, 1, 0, 2, 4, 3), 3, "slice")
    return build.model(build.attention(query, key, value, 4, 0.5))


GRAPHS = {
    grouped: "planar-instance-norm",
    padded: "explicit-pad",
    summed: "sum-of-one-axis",
    one_of_three: "lower-rank",
    cross_attention: "attention-bias",
    equal_parts: "explicit-split",
    an_unread_part: "explicit-split",
    every_second: "contiguous-slices",
    shuffled: "gather-as-slices",
    shuffled_twice: "misread-shuffle",
    normalised_rows: "affine-rows",
}


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.__name__)
def test_ncnn_agrees(run_worker, tmp_path, graph):
    result = through_ncnn(run_worker, tmp_path, graph(), [GRAPHS[graph]])
    assert result.details["warnings"] == []
    assert result.details["rewrites"][0]["applied"] > 0
    assert result.details["rewrites"][0]["refused"] == []
    assert result.error < 1e-5


@pytest.mark.parametrize("first", [True, False])
def test_ncnn_agrees_on_patches(run_worker, tmp_path, first):
    """What cuts an image, what works on the parts and what orders them needs one rewrite each."""
    rewrites = ["images-as-depth", "marked-batch", "stepwise-transpose", "lower-rank"]
    result = through_ncnn(run_worker, tmp_path, patches(first), rewrites)
    assert result.details["warnings"] == []
    assert result.details["rewrites"][0]["applied"] == 1
    assert result.error < 1e-5


@pytest.mark.parametrize("first", [True, False])
def test_without_them_ncnn_does_not(run_worker, tmp_path, first):
    with pytest.raises(ConversionError, match=r"ncnn does not know: Tensor\.reshape"):
        through_ncnn(run_worker, tmp_path, patches(first), ["lower-rank"])


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (grouped, r"ncnn does not know: nn\.InstanceNorm1d"),
        (padded, r"ncnn does not know: Pad"),
        (cross_attention, r"pnnx ended with signal 6: what\(\): +map::at"),
        (one_of_three, r"ncnn does not know: .*torch\.unbind"),
        (equal_parts, r"ncnn/run .* crashed \(SIGSEGV\)"),
        (an_unread_part, r"outputs are \['v5'\], those that pnnx wrote \['\d+', 'out0'\]"),
        (every_second, r"ncnn does not know: Tensor\.slice"),
        (shuffled, r"ncnn gave v2 as \[96, 6, 6\]"),  # pnnx took it for a table of words
        (shuffled_twice, r"ncnn failed with status -100"),
        (normalised_rows, r"ncnn gave v6 as \[1, 8\], which is not \[1, 36, 8\]"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_without_it_ncnn_fails(run_worker, tmp_path, graph, said):
    with pytest.raises(ConversionError, match=said):
        through_ncnn(run_worker, tmp_path, graph(), [])


def test_without_it_a_sum_is_silently_wrong(run_worker, tmp_path):
    assert through_ncnn(run_worker, tmp_path, summed(), []).error > 0.1
