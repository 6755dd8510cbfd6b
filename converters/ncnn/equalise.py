"""Channels of like ranges before INT8: one layer's are divided by factors, and the next one's weights multiplied.

M. Nagel, M. van Baalen, T. Blankevoort and M. Welling, "Data-Free Quantization Through Weight Equalization and Bias
Correction", ICCV 2019, section 4.1: `W2 f(W1 x + b1) = (W2 S) f(S^-1 W1 x + S^-1 b1)` for a diagonal S > 0 and any f
with `f(s x) = s f(x)`, such as a rectifier. ncnn has a scale for each channel of the weights and one for a whole
input, so that what is made alike here are the activations' channels, as they are on photos.

Factors are powers of two: the network in FP32 computes the same bits.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from int8_file import is_depthwise
from param_file import Layer, ParamFile
from weights_file import WeightsFile

FACTORS = "channel_factors"
LARGEST_EXPONENT = 6
"""Factors are between 2^-6 and 2^6: beyond it lie channels that hardly ever have a value."""
WITH_WEIGHTS = ("Convolution", "ConvolutionDepthWise", "InnerProduct")
LINEAR = ("0", "1", "2")
"""The parameter 9 of a layer: no activation, a rectifier, a leaky one. All others are no `f(s x) = s f(x)`."""
BETWEEN = ("ReLU", "Pooling", "Dropout")


@dataclass(frozen=True)
class Pair:
    """What alone reads a layer's output, by way of nothing but `BETWEEN`; `channels` of it."""

    first: Layer
    second: Layer
    channels: int


def pairs(network: ParamFile) -> Iterator[Pair]:
    """All pairs of layers that factors can go between."""
    readers: dict[str, list[Layer]] = {}
    for layer in network.layers:
        for blob in layer.inputs:
            readers.setdefault(blob, []).append(layer)
    for layer in network.layers:
        shape = shape_of(layer)
        if shape is None or layer.parameters.get("9", "0") not in LINEAR:
            continue
        second = only_reader(layer, readers)
        if second is not None and channels_read(second) == shape[0]:
            yield Pair(layer, second, shape[0])


def only_reader(layer: Layer, readers: Mapping[str, list[Layer]]) -> Layer | None:
    """What alone reads a layer's output, behind `BETWEEN`; None where that is nothing, or several."""
    for _ in readers:  # no way is longer, but for one that leads back to itself
        found = readers.get(layer.outputs[0], []) if layer.outputs else []
        if len(found) != 1:
            return None
        layer = found[0]
        if layer.type not in BETWEEN:
            return layer
    return None


def shape_of(layer: Layer) -> tuple[int, int, int] | None:
    """Of weights in FP32, or in int8 (`int8_file.py`): outputs, channels that each reads, size of a kernel. In groups
    it is 1 channel and all that an output reads. None of what has no weights of its own, or pads with other than zeros.
    """
    if layer.type not in WITH_WEIGHTS or len(layer.inputs) != 1 or "19" in layer.parameters:
        return None
    number = {key: whole(layer, key) for key in ("0", "1", "2", "6", "11", "18")}
    outputs, size = number["0"], number["2" if layer.type == "InnerProduct" else "6"]
    if number["18"] or outputs < 1 or size < 1 or size % outputs:
        return None
    if layer.type == "ConvolutionDepthWise":
        return outputs, 1, size // outputs
    kernel = 1 if layer.type == "InnerProduct" else number["1"] * (number["11"] or number["1"])
    return None if kernel < 1 or size // outputs % kernel else (outputs, size // outputs // kernel, kernel)


def whole(layer: Layer, key: str) -> int:
    """A number among a layer's parameters; 0 where there is none, and -1 for what is no whole number."""
    try:
        value = float(layer.parameters.get(key, "0"))
    except ValueError:
        return -1
    return int(value) if value.is_integer() else -1


def channels_read(layer: Layer) -> int | None:
    """How many channels a layer reads; None for groups of several, and for what has no weights."""
    shape = shape_of(layer)
    if shape is None or layer.type != "ConvolutionDepthWise":
        return shape and shape[1]
    return shape[0] if is_depthwise(layer) else None


def factors_of(pair: Pair, weights: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """What the first layer's channels are divided by: float32 [channels], powers of two.

    `weights` are the second layer's, `largest` the largest magnitudes [channels] of what it reads. Of a channel's range
    r and the largest share w of a row's largest weight that the channel has there it is sqrt(r / w): the products of
    either are alike then. A depthwise layer has a scale for each channel, and takes r.
    """
    share = np.ones(pair.channels)
    if pair.second.type != "ConvolutionDepthWise":
        rows = np.abs(by_channel(pair.second, weights)).max(axis=2).astype(np.float64)
        highest = rows.max(axis=1, keepdims=True)
        share = np.divide(rows, highest, out=np.zeros_like(rows), where=highest > 0).max(axis=0)
    known = (largest > 0) & (share > 0)
    if not known.any():
        return np.ones(pair.channels, np.float32)
    power = 1.0 if pair.second.type == "ConvolutionDepthWise" else 0.5
    exponents = power * np.log2(np.where(known, largest / np.where(known, share, 1), 1))
    exponents = np.where(known, np.rint(exponents - exponents[known].mean()), 0)
    return np.exp2(np.clip(exponents, -LARGEST_EXPONENT, LARGEST_EXPONENT)).astype(np.float32)


def by_channel(layer: Layer, weights: np.ndarray) -> np.ndarray:
    """A layer's weights by what they read, as `shape_of` has them: [outputs, channels, kernel]."""
    return weights.reshape(shape_of(layer) or weights.shape)


def equalisations(network: ParamFile, factors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By what each value of a layer's weights is multiplied, as `by_channel` has them, and `<layer>.bias` its bias.

    `factors` are those of the pairs, by their first layer's name. Quotients and products of powers of two: exact.
    """
    found: dict[str, np.ndarray] = {}
    for pair in pairs(network):
        factor = factors.get(pair.first.name, np.ones(0)).astype(np.float64)
        if factor.size != pair.channels:
            continue
        found[f"{pair.first.name}.bias"] = 1 / factor
        read = factor[:, None, None] if pair.second.type == "ConvolutionDepthWise" else factor[None, :, None]
        for layer, its in ((pair.first, 1 / factor[:, None, None]), (pair.second, read)):
            found[f"{layer.name}.weight"] = found.get(f"{layer.name}.weight", np.ones((1, 1, 1))) * its
    return found


def factors_in(record: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The factors in the record of a quantisation, by the first layer of each pair."""
    ending = f".{FACTORS}"
    return {name.removesuffix(ending): values for name, values in record.items() if name.endswith(ending)}


def write_equalised(param: Path, binary: Path, factors: Mapping[str, np.ndarray], output: Path) -> None:
    """Write the `.bin` of the same network in FP32 with `factors`, by the first layer of each pair."""
    network = ParamFile.read(param)
    stored = WeightsFile.read(network, binary)
    content, scales = bytearray(binary.read_bytes()), equalisations(network, factors)
    for layer in network.layers:
        for tensor in stored.tensors[layer.name]:
            if (scale := scales.get(f"{layer.name}.{tensor.name}")) is None:
                continue
            values = by_channel(layer, tensor.values) if tensor.name == "weight" else tensor.values
            scaled = (values * scale).astype("<f4").tobytes()
            content[tensor.stop - len(scaled) : tensor.stop] = scaled
    output.write_bytes(bytes(content))
