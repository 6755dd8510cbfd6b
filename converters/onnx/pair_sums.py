"""Weights in 8 bits whose products fit where a processor adds two of them in 16 bits.

Processors of x86 without VNNI multiply unsigned activations by signed weights in pairs, side by side along what is
summed, and add the two products in 16 bits (`vpmaddubsw`; MLAS's kernels for AVX2). Beyond 32,767 a sum is cut off in
silence: 255 x 127 twice is 64,770. ONNX Runtime's cure is 7 bits for all weights (`reduce_range`). Here a channel of
weights gets steps that are larger by just as much as its own pairs ask for on the calibration's photos, where they ask
for any.

Pairs are those of ONNX Runtime's layout: channels last, kernel position by kernel position. Where a position has an
odd number of channels a pair may lie in two positions, of which nobody knows what they hold together: then each
value's largest counts. Depthwise convolutions have kernels of their own, which add in 32 bits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

LARGEST_SUM = 32767
LEVELS = 256
SUFFIX = "_quantized"
CHUNK = 1 << 16  # pairs of weights that are looked at together


@dataclass(frozen=True)
class Product:
    """A layer whose quantised weights multiply quantised values.

    `scale` and `zero_point` are the values'; `weight` and `axis` the name of the weights and their axis of channels,
    `weights` those as they are paired, int8 [channels, positions, values]. `groups` divide the channels.
    """

    values: str
    scale: float
    zero_point: int
    weight: str
    axis: int
    weights: np.ndarray
    groups: int
    last: bool
    """Whether what is summed is the values' last axis, and not their second one."""


def products_of(model: onnx.ModelProto) -> Iterator[Product]:
    """The layers of a QDQ model that such processors compute by pairs."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    made = {node.output[0]: node for node in model.graph.node if node.op_type == "DequantizeLinear"}
    quantised = {node.output[0]: node for node in model.graph.node if node.op_type == "QuantizeLinear"}
    for node in model.graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul"):
            continue
        value, weight = (made.get(name) for name in node.input[:2])
        if value is None or weight is None or weight.input[0] not in constants or value.input[0] not in quantised:
            continue
        written = quantised[value.input[0]]
        stored = numpy_helper.to_array(constants[weight.input[0]])
        attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        groups = attributes.get("group", 1)
        paired = as_paired(node.op_type, stored, attributes)
        if paired is None or (node.op_type == "Conv" and stored.shape[1] == 1 and groups > 1):
            continue
        scale, zero = (numpy_helper.to_array(constants[name]) for name in written.input[1:3])
        yield Product(
            values=written.input[0],
            scale=float(scale),
            zero_point=int(zero),
            weight=weight.input[0].removesuffix(SUFFIX),
            axis=next((one.i for one in weight.attribute if one.name == "axis"), 1),
            weights=paired,
            groups=groups,
            last=node.op_type != "Conv",
        )


def as_paired(kind: str, stored: np.ndarray, attributes: Mapping[str, object]) -> np.ndarray | None:
    """Weights as [channels, positions, values], in the order in which they are paired; None for another form."""
    if stored.dtype != np.int8:
        return None
    if kind == "Conv":
        return np.moveaxis(stored, 1, -1).reshape(stored.shape[0], -1, stored.shape[1])
    if stored.ndim != 2:
        return None
    turned = stored if kind == "Gemm" and attributes.get("transB") else stored.T
    return turned[:, None, :]


def note_pairs(table: np.ndarray, rows: np.ndarray, zero_point: int) -> None:
    """Write into `table`, int16 [pairs, levels], the largest right neighbour that each left value has in `rows`, int16
    [channels, places]; -1 stands for none. A pair is a channel and the next one; a lone channel has zeros beside it.
    """
    left, right = (rows[:-1], rows[1:]) if len(rows) > 1 else (rows, np.zeros_like(rows))
    # Around an image lies its zero.
    table[:, zero_point] = np.maximum(table[:, zero_point], zero_point)
    places = left.astype(np.int64) + LEVELS * np.arange(len(left))[:, None]
    np.maximum.at(table.reshape(-1), places.reshape(-1), right.reshape(-1))


def at_least(table: np.ndarray) -> np.ndarray:
    """The same of a left value that is at least so large."""
    return np.maximum.accumulate(table[:, ::-1], axis=1)[:, ::-1]


def largest_sums(one: Product, table: np.ndarray) -> np.ndarray:
    """The largest magnitude of the sum of a pair's products, whose signs are the same, float64 [channels]."""
    channels, _, inside = one.weights.shape
    if inside % 2:
        return loosest_sums(one, table)
    weights = np.abs(one.weights.astype(np.int32))
    same = np.sign(one.weights[..., 0::2]) * np.sign(one.weights[..., 1::2]) > 0
    left, right = weights[..., 0::2], weights[..., 1::2]
    channel, _, pair = found = np.nonzero(same & ((left + right) * (LEVELS - 1) > LARGEST_SUM))
    left, right = left[found], right[found]
    group = channel // max(channels // one.groups, 1)
    row = np.minimum(group * inside + 2 * pair, len(table) - 1)
    sums = np.zeros(channels)
    levels = np.arange(LEVELS)
    for start in range(0, len(channel), CHUNK):
        part = slice(start, start + CHUNK)
        seen = table[row[part]].astype(np.int32)
        reached = np.where(seen < 0, 0, left[part, None] * levels + right[part, None] * seen)
        np.maximum.at(sums, channel[part], reached.max(axis=1))
    return sums


def loosest_sums(one: Product, table: np.ndarray) -> np.ndarray:
    """The same where a pair may lie in two positions: with the largest value of each channel."""
    channels, _, inside = one.weights.shape
    seen = np.where(table >= 0, np.arange(LEVELS), 0).max(axis=1)
    largest = np.maximum(np.append(seen, 0), np.append(0, table.max(axis=1)))
    if len(table) == 1 and one.groups * inside != 2:
        largest = np.full(one.groups * inside, largest.max())
    of_groups = largest.reshape(one.groups, inside)
    group = np.arange(channels) // max(channels // one.groups, 1)
    products = (one.weights.astype(np.int64) * of_groups[group][:, None, :]).reshape(channels, -1)
    if products.shape[1] % 2:
        products = np.pad(products, ((0, 0), (0, 1)))
    left, right = products[:, 0::2], products[:, 1::2]
    return np.where(np.sign(left) * np.sign(right) > 0, np.abs(left + right), 0).max(axis=1).astype(np.float64)
