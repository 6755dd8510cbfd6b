"""Small ONNX graphs with pools, and what ONNX's definition says that they compute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


@dataclass(frozen=True)
class Pool:
    """One pool with `auto_pad`. `include` is count_include_pad; None for a MaxPool."""

    kernel: int
    stride: int
    auto_pad: str
    include: int | None
    ceil_mode: int = 0

    @property
    def operator(self) -> str:
        return "MaxPool" if self.include is None else "AveragePool"

    def attributes(self) -> dict[str, Any]:
        counted = {} if self.include is None else {"count_include_pad": self.include}
        return {
            "kernel_shape": [self.kernel] * 2,
            "strides": [self.stride] * 2,
            "auto_pad": self.auto_pad,
            "ceil_mode": self.ceil_mode,
            **counted,
        }

    def expected(self, x: np.ndarray) -> np.ndarray:
        """Window by window, on [1, C, size, size]."""
        size = x.shape[-1]
        if self.auto_pad == "VALID":
            count, before = (size - self.kernel) // self.stride + 1, 0
        else:
            count = -(-size // self.stride)
            total = max((count - 1) * self.stride + self.kernel - size, 0)
            before = total // 2 if self.auto_pad == "SAME_UPPER" else total - total // 2
        result = np.empty((*x.shape[:2], count, count), np.float64)
        for row in range(count):
            for column in range(count):
                spans = [(i * self.stride - before) for i in (row, column)]
                top, left = ((max(start, 0), min(start + self.kernel, size)) for start in spans)
                window = x[:, :, slice(*top), slice(*left)].astype(np.float64)
                if self.include is None:
                    result[:, :, row, column] = window.max((2, 3))
                else:
                    divisor = self.kernel**2 if self.include else window[0, 0].size
                    result[:, :, row, column] = window.sum((2, 3)) / divisor
        return result


ALL_POOLS = [
    Pool(kernel, stride, auto_pad, include, ceil_mode)
    for kernel, stride in ((2, 2), (3, 2), (2, 1), (3, 1), (3, 3), (1, 2))
    for auto_pad in ("SAME_UPPER", "SAME_LOWER", "VALID")
    for include in (0, 1, None)
    for ceil_mode in ((0, 1) if auto_pad != "VALID" and kernel >= stride else (0,))
]


def pool_model(pools: Sequence[Pool], size: int, channels: int = 4, opset: int = 13) -> onnx.ModelProto:
    """`x` [1, channels, size, size] -> a 1x1 convolution that changes nothing -> the pools, as `y0`, `y1`, ..."""
    identity = np.eye(channels, dtype=np.float32).reshape(channels, channels, 1, 1)
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], name="conv", kernel_shape=[1, 1])]
    for index, pool in enumerate(pools):
        nodes.append(helper.make_node(pool.operator, ["c"], [f"y{index}"], name=f"pool{index}", **pool.attributes()))
    return checked_model(
        nodes,
        {"x": [1, channels, size, size]},
        [f"y{index}" for index in range(len(pools))],
        {"w": identity},
        opset,
    )


def checked_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Sequence[str],
    constants: dict[str, np.ndarray],
    opset: int = 13,
) -> onnx.ModelProto:
    """A model whose output shapes are inferred, once the checker has seen it."""
    graph = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    model = onnx.shape_inference.infer_shapes(model)
    onnx.checker.check_model(model)
    return model


def samples(size: int, channels: int = 4) -> np.ndarray:
    """[1, channels, size, size], all well below zero: padding with zeros shows in a maximum as in an average."""
    return (np.random.default_rng(size).standard_normal((1, channels, size, size)) - 5).astype(np.float32)
