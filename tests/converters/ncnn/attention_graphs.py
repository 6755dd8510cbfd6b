"""Small attention blocks, written as paddle2onnx and OnnxSlim write those of Twins, and as others would."""

from typing import Any

import numpy as np
import onnx
from onnx import helper

from tests.converters.ncnn.pool_graphs import checked_model

CUTS = ("slice", "split", "gather")


class Builder:
    """Collects nodes and constants; every method returns the name of the value it makes."""

    def __init__(self, seed: int = 0, opset: int = 13) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.inputs: dict[str, list[int | str]] = {}
        self.opset = opset
        self._random = np.random.default_rng(seed)

    def input(self, name: str, *shape: int | str) -> str:
        self.inputs[name] = list(shape)
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def weights(self, *shape: int) -> str:
        """Random, so scaled that a product with them keeps the size of its input."""
        value = self._random.standard_normal(shape) / np.sqrt(shape[0])
        return self.constant(value.astype(np.float32))

    def op(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        names = [f"v{len(self.nodes)}" + (f"_{index}" if outputs > 1 else "") for index in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, name=f"n{len(self.nodes)}", **attributes))
        return names[0]

    def reshape(self, value: str, *shape: int) -> str:
        return self.op("Reshape", value, self.constant(np.array(shape, np.int64)))

    def transpose(self, value: str, *perm: int) -> str:
        return self.op("Transpose", value, perm=list(perm))

    def linear(self, value: str, inputs: int, outputs: int, bias: bool = True) -> str:
        product = self.op("MatMul", value, self.weights(inputs, outputs))
        return self.op("Add", product, self.weights(outputs)) if bias else product

    def cut(self, value: str, count: int, how: str, axis: int = 0) -> list[str]:
        """The `count` parts of a dimension of that size, which goes."""
        number = lambda *values: self.constant(np.array(values, np.int64))  # noqa: E731
        if how == "gather":
            return [self.op("Gather", value, self.constant(np.array(i)), axis=axis) for i in range(count)]
        if how == "split":
            self.op("Split", value, axis=axis, outputs=count)
            parts = list(self.nodes[-1].output)
        else:
            parts = [self.op("Slice", value, number(i), number(i + 1), number(axis), number(1)) for i in range(count)]
        return [self.op("Squeeze", part, number(axis)) for part in parts]

    def attention(self, query: str, key: str, value: str, rank: int, scale: float) -> str:
        """Of [..., N, d] each."""
        swapped = self.transpose(key, *range(rank - 2), rank - 1, rank - 2)
        scores = self.op("Mul", self.op("MatMul", query, swapped), self.constant(np.array(scale, np.float32)))
        return self.op("MatMul", self.op("Softmax", scores, axis=-1), value)

    def model(self, *outputs: str) -> onnx.ModelProto:
        return checked_model(self.nodes, self.inputs, outputs, self.constants, self.opset)


def windowed_attention(
    size: int = 14, window: int = 7, channels: int = 16, heads: int = 2, batch: int = 1, cut: str = "slice"
) -> onnx.ModelProto:
    """An image `x` [batch, channels, size, size] -> tokens, attention in windows, a residual: [batch, N, channels].

    The convolution is what tells pnnx that the first dimension is the batch; without one it keeps that as a fifth.
    """
    build = Builder()
    image = build.input("x", batch, channels, size, size)
    embedded = build.op("Conv", image, build.weights(channels, channels, 1, 1), kernel_shape=[1, 1])
    tokens = build.transpose(build.reshape(embedded, batch, channels, -1), 0, 2, 1)
    side, rows, per_head = size // window, window**2, channels // heads
    parted = build.reshape(tokens, batch, side, window, side, window, channels)
    windows = build.transpose(parted, 0, 1, 3, 2, 4, 5)
    qkv = build.reshape(build.linear(windows, channels, 3 * channels), batch, side**2, rows, 3, heads, per_head)
    query, key, value = build.cut(build.transpose(qkv, 3, 0, 1, 4, 2, 5), 3, cut)
    attended = build.transpose(build.attention(query, key, value, 5, per_head**-0.5), 0, 1, 3, 2, 4)
    back = build.transpose(build.reshape(attended, batch, side, side, window, window, channels), 0, 1, 3, 2, 4, 5)
    mixed = build.linear(build.reshape(back, batch, size**2, channels), channels, channels)
    return build.model(build.op("Add", tokens, mixed))


def global_attention(
    size: int = 8, reduction: int = 4, channels: int = 16, heads: int = 2, cut: str = "slice"
) -> onnx.ModelProto:
    """An image `x` [1, channels, size, size] -> attention to a reduced image, a residual, the mean: [1, channels].

    Keys and values come from a strided convolution; a depthwise one stands for the encoding of positions.
    """
    build = Builder()
    image = build.input("x", 1, channels, size, size)
    count, few, per_head = size**2, (size // reduction) ** 2, channels // heads
    tokens = build.transpose(build.reshape(image, 1, channels, -1), 0, 2, 1)
    query = build.transpose(
        build.reshape(build.linear(tokens, channels, channels), 1, count, heads, per_head), 0, 2, 1, 3
    )
    kernel = build.weights(channels, channels, reduction, reduction)
    reduced = build.op("Conv", image, kernel, strides=[reduction] * 2, kernel_shape=[reduction] * 2)
    rows = build.transpose(build.reshape(reduced, 1, channels, few), 0, 2, 1)
    both = build.reshape(build.linear(rows, channels, 2 * channels), 1, few, 2, heads, per_head)
    key, value = build.cut(build.transpose(both, 2, 0, 3, 1, 4), 2, cut)
    attended = build.transpose(build.attention(query, key, value, 4, per_head**-0.5), 0, 2, 1, 3)
    mixed = build.op("Add", tokens, build.linear(build.reshape(attended, 1, count, channels), channels, channels))
    again = build.reshape(build.transpose(mixed, 0, 2, 1), 1, channels, size, size)
    depthwise = build.op("Conv", again, build.weights(channels, 1, 3, 3), group=channels, pads=[1] * 4)
    placed = build.reshape(build.op("Add", depthwise, again), 1, channels, -1)
    return build.model(build.op("ReduceMean", build.transpose(placed, 0, 2, 1), axes=[1], keepdims=0))


def cross_attention(
    size: int = 4, reduction: int = 2, channels: int = 16, heads: int = 2, bias: bool = False
) -> onnx.ModelProto:
    """An image `x` [1, channels, size, size] -> attention to a smaller one, as in NextViT: [1, N, channels]."""
    build = Builder()
    image = build.input("x", 1, channels, size, size)
    embedded = build.op("Conv", image, build.weights(channels, channels, 1, 1), kernel_shape=[1, 1])
    smaller = build.op("AveragePool", embedded, kernel_shape=[reduction] * 2, strides=[reduction] * 2)
    per_head = channels // heads

    def tokens(value: str) -> str:
        return build.transpose(build.reshape(value, 1, channels, -1), 0, 2, 1)

    def parted(value: str, *perm: int) -> str:
        projected = build.linear(value, channels, channels, bias)
        return build.transpose(build.reshape(projected, 1, -1, heads, per_head), *perm)

    many, few = tokens(embedded), tokens(smaller)
    scores = build.op("MatMul", parted(many, 0, 2, 1, 3), parted(few, 0, 2, 3, 1))
    softmax = build.op(
        "Softmax", build.op("Mul", scores, build.constant(np.array(per_head**-0.5, np.float32))), axis=-1
    )
    attended = build.transpose(build.op("MatMul", softmax, parted(few, 0, 2, 1, 3)), 0, 2, 1, 3)
    return build.model(build.linear(build.reshape(attended, 1, size**2, channels), channels, channels, bias))


def windows_first(size: int = 6, window: int = 3, channels: int = 16, heads: int = 2) -> onnx.ModelProto:
    """An image `x` [1, channels, size, size] -> attention in windows, counted where a batch would be, as in Swin.

    The scores get a number for each place and head, and a mask for each window.
    """
    build = Builder()
    image = build.input("x", 1, channels, size, size)
    embedded = build.op("Conv", image, build.weights(channels, channels, 1, 1), kernel_shape=[1, 1])
    side, rows, per_head = size // window, window**2, channels // heads
    tokens = build.transpose(build.reshape(embedded, 1, channels, -1), 0, 2, 1)
    parted = build.reshape(tokens, 1, side, window, side, window, channels)
    windows = build.reshape(build.transpose(parted, 0, 1, 3, 2, 4, 5), side**2, rows, channels)

    def headed(*perm: int) -> str:
        return build.transpose(
            build.reshape(build.linear(windows, channels, channels), -1, rows, heads, per_head), *perm
        )

    scores = build.op(
        "Add", build.op("MatMul", headed(0, 2, 1, 3), headed(0, 2, 3, 1)), build.weights(1, heads, rows, rows)
    )
    masked = build.op(
        "Add", build.reshape(scores, 1, side**2, heads, rows, rows), build.weights(1, side**2, 1, rows, rows)
    )
    softmax = build.op("Softmax", build.reshape(masked, side**2, heads, rows, rows), axis=-1)
    attended = build.transpose(build.op("MatMul", softmax, headed(0, 2, 1, 3)), 0, 2, 1, 3)
    mixed = build.linear(build.reshape(attended, side**2, rows, channels), channels, channels)
    back = build.transpose(build.reshape(mixed, 1, side, side, window, window, channels), 0, 1, 3, 2, 4, 5)
    return build.model(build.reshape(back, 1, size**2, channels))


def image(model: onnx.ModelProto, seed: int = 1) -> np.ndarray:
    """Normal numbers in the shape of the model's input `x`."""
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
