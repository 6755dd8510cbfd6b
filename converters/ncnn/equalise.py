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
    """What alone reads a layer's output, by way of nothing but `BETWEEN`."""

    first: Layer
    second: Layer

    @property
    def channels(self) -> int:
        """Of the output of the first, which the second reads."""
        return int(self.first.parameters["0"])


def pairs(network: ParamFile) -> Iterator[Pair]:
    """All pairs of layers that factors can go between."""
    readers: dict[str, list[Layer]] = {}
    for layer in network.layers:
        for blob in layer.inputs:
            readers.setdefault(blob, []).append(layer)
    for layer in network.layers:
        if not carries(layer) or layer.parameters.get("9", "0") not in LINEAR:
            continue
        found = readers.get(layer.outputs[0], [])
        while len(found) == 1 and found[0].type in BETWEEN:
            found = readers.get(found[0].outputs[0], [])
        if len(found) == 1 and carries(found[0]) and channels_read(found[0]) == int(layer.parameters["0"]):
            yield Pair(layer, found[0])


def carries(layer: Layer) -> bool:
    """Whether it has weights of its own, in FP32 or in int8 (`int8_file.py`), and pads with zeros alone."""
    own = layer.type in WITH_WEIGHTS and len(layer.inputs) == 1 and "19" not in layer.parameters
    return own and float(layer.parameters.get("18", "0")) == 0


def channels_read(layer: Layer) -> int | None:
    """How many channels a layer reads; None for groups of several."""
    outputs = int(layer.parameters["0"])
    if layer.type == "InnerProduct":
        return int(layer.parameters["2"]) // outputs
    if layer.type == "ConvolutionDepthWise":
        return outputs if is_depthwise(layer) else None
    width = int(layer.parameters["1"])
    return int(layer.parameters["6"]) // (outputs * width * int(layer.parameters.get("11", width)))


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
    """A layer's weights by what they read: [outputs, channels, kernel], or [channels, 1, kernel] of a depthwise one."""
    if layer.type == "ConvolutionDepthWise":
        return weights.reshape(int(layer.parameters["0"]), 1, -1)
    return weights.reshape(int(layer.parameters["0"]), channels_read(layer) or 0, -1)


def equalisations(network: ParamFile, factors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By what each value of a layer's weights is multiplied, as `by_channel` has them, and `<layer>.bias` its bias.

    `factors` are those of the pairs, by their first layer's name. Quotients and products of powers of two: exact.
    """
    found: dict[str, np.ndarray] = {}
    for pair in pairs(network):
        if pair.first.name not in factors:
            continue
        factor = factors[pair.first.name].astype(np.float64)
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
