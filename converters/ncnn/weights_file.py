"""ncnn's `.bin`: which bytes belong to which layer.

The file has no table: each layer reads what its parameters in the `.param` imply, in order (the `load_model` of each
layer in ncnn's src/layer). A tensor is either plain float32, or begins with a flag of four bytes that says how it is
stored. Only what pnnx writes for classifiers is known here; the sum of all layers must be the file's size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import numpy as np
from edgeworker.observe import digest
from param_file import Layer, ParamFile

_FP32_FLAG, _FP16_FLAG, INT8_FLAG = 0, 0x01306B47, 0x000D4B38
_STORED = {_FP32_FLAG: np.float32, _FP16_FLAG: np.float16, INT8_FLAG: np.int8}
WEIGHT_SCALES, INPUT_SCALE = "weight_scales", "input_scale"
_FLAG_BYTES = 4
BLOCKS = {800: 32, 801: 64, 802: 128}
"""The parameter 18 of a Gemm whose second matrix is in int8, and of how many values of a row one factor is."""
IN_INT8 = 1
"""The parameter 8 of a layer in int8: a factor for each channel of the weights, and one for the input."""
CONVOLUTIONS = tuple(f"Convolution{kind}" for kind in ("", "DepthWise", "3D", "DepthWise3D"))


class Form(Enum):
    """How a tensor is stored: float32 as they are, behind a flag that says how, or int8 filled to four bytes."""

    PLAIN = auto()
    FLAGGED = auto()
    BYTES = auto()


Part = tuple[str, int, Form]
"""A tensor's name, the number of its values, and how it is stored."""


class UnknownLayout(ValueError):
    """A layer's weights are laid out in a way that is not known here, or the file is not this network's."""


class Unfit(UnknownLayout):
    """The file is not this network's: it has another size than its layers need, or a flag that nothing writes."""


@dataclass(frozen=True)
class StoredTensor:
    """One tensor: `start` and `stop` in the file (with the flag), and its values as a view of the file."""

    name: str
    start: int
    stop: int
    values: np.ndarray


@dataclass(frozen=True)
class WeightsFile:
    """Every layer's tensors, by the layer's name."""

    tensors: dict[str, list[StoredTensor]]

    @classmethod
    def read(cls, network: ParamFile, path: Path) -> "WeightsFile":
        """Raises UnknownLayout for a layer that is not known, and where the file is longer or shorter."""
        content = np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.zeros(0, np.uint8)
        position, found = 0, {}
        for layer in network.layers:
            stored = []
            for name, count, form in _layout(layer):
                tensor = _take(content, name, position, count, form)
                stored.append(tensor)
                position = tensor.stop
            found[layer.name] = stored
        if position != len(content):
            raise Unfit(f"{path.name} has {len(content)} bytes where its layers need {position}")
        return cls(found)

    def digests(self, layer: str) -> dict[str, str]:
        """Of each tensor of a layer (see `edgeworker.observe.digest`)."""
        return {tensor.name: digest(tensor.values) for tensor in self.tensors[layer]}


def _take(content: np.ndarray, name: str, start: int, count: int, form: Form) -> StoredTensor:
    dtype, first = np.dtype(np.int8 if form is Form.BYTES else np.float32), start
    if form is Form.FLAGGED:
        head = content[start : start + _FLAG_BYTES].tobytes()
        flag = int.from_bytes(head, "little")
        if len(head) < _FLAG_BYTES:
            raise Unfit(f"the file ends before {name}")
        if flag not in _STORED:
            raise Unfit(f"the flag {flag:#x} before {name} is not known")
        dtype, first = np.dtype(_STORED[flag]), start + _FLAG_BYTES
    stop = first + count * dtype.itemsize
    if count < 0 or stop > len(content):
        raise Unfit(f"{name} needs {count} values, more than the file holds")
    values = np.frombuffer(content[first:stop].data, dtype)
    return StoredTensor(name, start, stop + (-(stop - first) % 4 if dtype.itemsize < 4 else 0), values)


def _layout(layer: Layer) -> list[Part]:
    """Each tensor that the layer reads."""

    def number(key: int, default: int = 0) -> int:
        return int(float(layer.parameters.get(str(key), default)))

    kind = layer.type
    if kind in (*CONVOLUTIONS, "Deconvolution", "DeconvolutionDepthWise"):
        if number(8) not in (0, IN_INT8) or number(19):  # another form of int8, weights from another blob
            raise UnknownLayout(f"{layer.name} has weights of another kind")
        channels = number(7) if kind.endswith("DepthWise") else number(0)
        bias = [("bias", number(0), Form.PLAIN)] if number(5) else []
        return [("weight", number(6), Form.FLAGGED), *bias, *_scales(number, channels)]
    if kind == "InnerProduct":
        if number(8) not in (0, IN_INT8):
            raise UnknownLayout(f"{layer.name} has weights of another kind")
        bias = [("bias", number(0), Form.PLAIN)] if number(1) else []
        return [("weight", number(2), Form.FLAGGED), *bias, *_scales(number, number(0))]
    if kind == "Gemm":
        return _gemm(layer.name, number)
    if kind == "MemoryData":
        size = number(0)
        for key in (1, 11, 2):
            size *= number(key) or 1
        return [("data", size, Form.FLAGGED if number(21, 1) == 0 else Form.PLAIN)]
    if kind == "BatchNorm":
        return [(name, number(0), Form.PLAIN) for name in ("slope", "mean", "variance", "bias")]
    if kind == "Scale":
        return [("scale", number(0), Form.PLAIN), *([("bias", number(0), Form.PLAIN)] if number(1) else [])]
    if kind == "LayerNorm":
        return [("gamma", number(0), Form.PLAIN), ("beta", number(0), Form.PLAIN)] if number(2, 1) else []
    if kind in ("GroupNorm", "InstanceNorm"):
        channels, affine = (number(1), number(3, 1)) if kind == "GroupNorm" else (number(0), number(2, 1))
        return [("gamma", channels, Form.PLAIN), ("beta", channels, Form.PLAIN)] if affine else []
    if kind == "RMSNorm":
        return [("gamma", number(0), Form.PLAIN)] if number(2, 1) else []
    if kind == "MultiHeadAttention":
        return _attention(layer.name, number)
    if kind == "PReLU":
        return [("slope", number(0), Form.PLAIN)]
    if kind in _WITHOUT_WEIGHTS:
        return []
    raise UnknownLayout(f"it is not known whether {kind} has weights")


def _scales(number: Callable[..., int], channels: int) -> list[Part]:
    """A factor for the weights of each channel (or group), and one for the input, where a layer is in int8."""
    return [(WEIGHT_SCALES, channels, Form.PLAIN), (INPUT_SCALE, 1, Form.PLAIN)] if number(8) == IN_INT8 else []


def _attention(name: str, number: Callable[..., int]) -> list[Part]:
    """Queries, keys, values and the output: a matrix and a vector each. Queries are as long as the output."""
    if number(18):
        raise UnknownLayout(f"{name} has weights of another kind")
    inside, size = number(0), number(2)
    found: list[Part] = []
    for part, width in (("q", size // inside), ("k", number(3, inside)), ("v", number(4, inside))):
        found += [(f"{part}_weight", inside * width, Form.FLAGGED), (f"{part}_bias", inside, Form.PLAIN)]
    return [*found, ("out_weight", size, Form.FLAGGED), ("out_bias", size // inside, Form.PLAIN)]


def _gemm(name: str, number: Callable[..., int]) -> list[Part]:
    block = BLOCKS.get(number(18))
    # In blocks a product's second matrix is turned, and the first one is not in the file.
    if number(18) and (block is None or number(4) or not number(5) or not number(3)):
        raise UnknownLayout(f"{name} has weights of another kind")
    rows, columns, inner = number(7), number(8), number(9)
    found: list[Part] = []
    if number(4):
        found.append(("A", rows * inner, Form.FLAGGED))
    if number(5):
        found.append(("B", columns * inner, Form.BYTES if block else Form.FLAGGED))
    if number(6) and number(10, -1) >= 0:
        sizes = {0: 1, 1: rows, 2: rows, 3: rows * columns, 4: columns}
        found.append(("C", sizes.get(number(10), -1), Form.FLAGGED))
    if block:
        found.append((WEIGHT_SCALES, columns * -(-inner // block), Form.PLAIN))
    return found


_WITHOUT_WEIGHTS = {
    "Input", "Split", "Pooling", "ReLU", "BinaryOp", "UnaryOp", "Concat", "Padding", "Reshape", "Permute", "Softmax",
    "Sigmoid", "Swish", "HardSwish", "HardSigmoid", "Clip", "Interp", "Slice", "Crop", "Flatten", "MatMul", "Dropout",
    "ShuffleChannel", "PixelShuffle", "Unfold", "Fold", "LRN", "SDPA", "Einsum", "Tile", "CopyTo", "AbsVal", "Exp",
    "Log", "Power", "Softplus", "CELU", "Threshold",
    "Squeeze", "ExpandDims", "Noop", "GELU", "TanH", "Reduction", "Eltwise", "ReLU6", "Mish", "ELU", "SELU", "Erf",
    "Reorg",
}  # fmt: skip
