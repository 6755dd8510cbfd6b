"""Writes an ncnn network whose convolutions and products are in int8, from the float one's files.

No package carries ncnn's own tool for it. A layer in int8 says `8=1` in the `.param`; in the `.bin` its weights are
int8 behind a flag, filled to four bytes, then its bias in FP32, a factor for each channel of the weights, and one for
the input (`load_model` of the layers in ncnn's src/layer).

A product of tokens (Gemm) says `18=800`: its weights are bytes without a flag, a row for each output, and at the end
stand factors for each row's blocks of 32 values. ncnn finds those of its input, in the same blocks, as it computes, so
that nothing is calibrated.

Convolutions in groups of several channels stay in FP32: ncnn reads a factor for each group from the file, and looks for
one for each channel beyond their end (its output is then off by 0.25 to 1e36 times its range).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from param_file import Layer, ParamFile
from weights_file import BLOCKS, IN_INT8, INPUT_SCALE, INT8_FLAG, WEIGHT_SCALES, WeightsFile

LARGEST = 127
LARGEST_IN_WINOGRAD = 31
"""In 3 x 3 convolutions of step 1, which ncnn may compute by Winograd's transforms: its own tool takes so few levels
for them. On x86-64 with VNNI nothing overflows with 127: ResNet18 has the same bits with Winograd and without, and the
median photo is off by 0.032, where it is off by 0.055 with 6 bits."""
QUANTISED = ("Convolution", "ConvolutionDepthWise", "InnerProduct")
IN_BLOCKS = 800
BLOCK = BLOCKS[IN_BLOCKS]
"""Values of a row of a product's weights that share a factor. 128 take 4 % less of the file; 32 are nearer to FP32
(33.6 dB instead of 31.7, all 96 products of pcpvt_small) and faster."""


def quantisable(network: ParamFile) -> list[Layer]:
    """The layers that can be in int8: their weights are in the file, and they are not already."""
    return [
        layer
        for layer in network.layers
        if len(layer.inputs) == 1
        and (
            is_product(layer)
            or (
                layer.type in QUANTISED
                and not {"8", "19"} & set(layer.parameters)
                and (layer.type != "ConvolutionDepthWise" or is_depthwise(layer))
            )
        )
    ]


def is_product(layer: Layer) -> bool:
    """Whether it is a product with weights that can be in int8 by blocks: nothing but the second matrix, turned."""
    chosen = {key: int(float(layer.parameters.get(key, "0"))) for key in ("2", "3", "4", "5", "18")}
    return layer.type == "Gemm" and chosen == {"2": 0, "3": 1, "4": 0, "5": 1, "18": 0}


def is_depthwise(layer: Layer) -> bool:
    """Whether each channel has a kernel of its own, and no group has several."""
    number = {key: int(float(layer.parameters.get(key, "0"))) for key in ("0", "1", "6", "7")}
    height = int(float(layer.parameters.get("11", number["1"])))
    return number["0"] == number["7"] and number["6"] == number["0"] * number["1"] * height


def weight_scales(layer: Layer, weights: np.ndarray, *, six_bits: bool = False) -> np.ndarray:
    """By what each channel's weights are multiplied before they are rounded: float32 [channels], or [rows, blocks].

    `six_bits` keeps those in 6 bits that Winograd's transforms may be applied to.
    """
    if layer.type == "Gemm":
        rows, inner = int(layer.parameters["8"]), int(layer.parameters["9"])
        filled = np.zeros((rows, -(-inner // BLOCK) * BLOCK), np.float32)
        filled[:, :inner] = weights.reshape(rows, inner)
        return factors(np.abs(filled.reshape(rows, -1, BLOCK)).max(axis=2), LARGEST)
    channels = int(layer.parameters["7" if layer.type == "ConvolutionDepthWise" else "0"])
    largest = np.abs(weights.reshape(channels, -1).astype(np.float32)).max(axis=1)
    return factors(largest, LARGEST_IN_WINOGRAD if six_bits and in_winograd(layer) else LARGEST)


def factors(largest: np.ndarray, levels: int) -> np.ndarray:
    """By what values of these largest magnitudes are multiplied to take so many levels: float32."""
    # Zeros are zeros with any factor.
    return np.where(largest > 0, np.float32(levels) / np.where(largest > 0, largest, 1), 1).astype(np.float32)


def for_each_value(scales: np.ndarray, inner: int) -> np.ndarray:
    """The factor of each value of a matrix, [rows, inner], from those of its rows, or of their blocks."""
    return scales[:, None] if scales.ndim == 1 else np.repeat(scales, BLOCK, axis=1)[:, :inner]


def in_winograd(layer: Layer) -> bool:
    """Whether ncnn may compute a layer by Winograd's transforms."""
    number = {key: int(float(layer.parameters.get(key, default))) for key, default in (("1", 0), ("2", 1), ("3", 1))}
    square = all(
        layer.parameters.get(other, layer.parameters.get(one, default)) == layer.parameters.get(one, default)
        for one, other, default in (("1", "11", "0"), ("2", "12", "1"), ("3", "13", "1"))
    )
    return layer.type == "Convolution" and square and number == {"1": 3, "2": 1, "3": 1}


def write_int8(
    param: Path,
    binary: Path,
    input_scales: Mapping[str, float | None],
    output: tuple[Path, Path],
    *,
    six_bits: bool = False,
) -> dict[str, np.ndarray]:
    """Write `output` (.param, .bin) with the layers of `input_scales` in int8; returns every factor by its name.

    Products have no factor of their input there, None.
    """
    network = ParamFile.read(param)
    weights = WeightsFile.read(network, binary)
    content, chosen = bytearray(), {}
    source = binary.read_bytes()
    for layer in network.layers:
        for tensor in weights.tensors[layer.name]:
            if layer.name not in input_scales or tensor.name not in ("weight", "B"):
                content += source[tensor.start : tensor.stop]
                continue
            scales = weight_scales(layer, tensor.values, six_bits=six_bits)
            rows = tensor.values.reshape(len(scales), -1).astype(np.float32)
            integers = np.rint(rows * for_each_value(scales, rows.shape[1])).astype(np.int8).tobytes()
            flag = b"" if layer.type == "Gemm" else INT8_FLAG.to_bytes(4, "little")
            content += flag + integers + bytes(-len(integers) % 4)
            chosen[f"{layer.name}.{WEIGHT_SCALES}"] = scales.reshape(-1)
        if layer.name in input_scales:
            content += chosen[f"{layer.name}.{WEIGHT_SCALES}"].astype("<f4").tobytes()
            if (factor := input_scales[layer.name]) is not None:
                scale = np.array([factor], np.float32)
                chosen[f"{layer.name}.{INPUT_SCALE}"] = scale
                content += scale.astype("<f4").tobytes()
    output[1].write_bytes(bytes(content))
    lines, marks = param.read_text(encoding="utf-8").splitlines(), {"Gemm": f"18={IN_BLOCKS}"}
    marked = [
        f"{line} {marks.get(line.split()[0], f'8={IN_INT8}')}"
        if len(line.split()) > 1 and line.split()[1] in input_scales
        else line
        for line in lines[2:]
    ]
    output[0].write_text("\n".join([*lines[:2], *marked]) + "\n", encoding="utf-8")
    return chosen
