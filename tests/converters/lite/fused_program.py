"""A program with every fusion that Paddle Lite's `opt` does for one of ARM and x86 alone.

Input "x" [1, 4, 8, 8], output "logits" [1, 5]. A hard swish behind a depthwise convolution is fused for x86; a ReLU6
behind `scale`, a leaky ReLU behind `scale` and a ReLU6 behind `fc` for ARM; `unsqueeze` of a parameter is computed
beforehand for ARM.
"""

from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.paddle_program import new_program

from tests.converters.lite.tiny_program import add_op, add_tensor, save

_FEED_MINIBATCH, _FETCH_LIST = 9, 10


def parameters() -> dict[str, np.ndarray]:
    """Fixed values, by name."""
    count = np.arange(4 * 9, dtype=np.float32)
    return {
        "conv.w": (((count * 7) % 13 - 6) / 8).reshape(4, 1, 3, 3).astype(np.float32),
        "fc.b": np.linspace(1, -1, 5, dtype=np.float32),
        "fc.w": ((np.arange(20, dtype=np.float32) * 3 % 11 - 5) / 8).reshape(4, 5),
        "gamma": np.linspace(0.5, 2, 4, dtype=np.float32),
    }


def build(
    threshold: float = 6.0, swish_scale: float = 6.0, offset: float = 3.0, clip: float = 6.0, alpha: float = 0.1,
    fc_clip: float = 6.0,
) -> Any:  # fmt: skip
    """The ProgramDesc; the arguments are parameters of its activations."""
    program = new_program()
    block = program.blocks[0]
    for name, kind in (("feed", _FEED_MINIBATCH), ("fetch", _FETCH_LIST)):
        block.vars.add(name=name, persistable=True).type.type = kind
    for name, value in parameters().items():
        add_tensor(block, name, list(value.shape), persistable=True)
    map_shape = [1, 4, 8, 8]
    for name in ("x", "conv", "swished", "scaled", "clipped", "scaled2", "leaky", "weighted"):
        add_tensor(block, name, map_shape)
    for name, dims in {
        "column": [4, 1, 1],
        "pooled": [1, 4, 1, 1],
        "flat": [1, 4],
        "product": [1, 5],
        "sum": [1, 5],
        "clipped_sum": [1, 5],
        "logits": [1, 5],
    }.items():
        add_tensor(block, name, dims)
    convolution = {
        "strides": [1, 1],
        "paddings": [1, 1],
        "dilations": [1, 1],
        "groups": 4,
        "data_format": "NCHW",
        "padding_algorithm": "EXPLICIT",
    }
    pool = {
        "pooling_type": "avg",
        "ksize": [1, 1],
        "strides": [1, 1],
        "paddings": [0, 0],
        "adaptive": True,
        "global_pooling": False,
        "exclusive": True,
        "ceil_mode": False,
        "data_format": "NCHW",
        "padding_algorithm": "EXPLICIT",
    }
    swish = {"threshold": threshold, "scale": swish_scale, "offset": offset}
    scale = {"scale": 1.5, "bias": 0.25, "bias_after_scale": True}
    add_op(block, "feed", {"X": "feed"}, {"Out": "x"}, {"col": 0})
    add_op(block, "depthwise_conv2d", {"Input": "x", "Filter": "conv.w"}, {"Output": "conv"}, convolution)
    add_op(block, "hard_swish", {"X": "conv"}, {"Out": "swished"}, swish)
    add_op(block, "scale", {"X": "swished"}, {"Out": "scaled"}, scale)
    add_op(block, "relu6", {"X": "scaled"}, {"Out": "clipped"}, {"threshold": clip})
    add_op(block, "scale", {"X": "clipped"}, {"Out": "scaled2"}, {**scale, "bias": -3.0})
    add_op(block, "leaky_relu", {"X": "scaled2"}, {"Out": "leaky"}, {"alpha": alpha})
    add_op(block, "unsqueeze2", {"X": "gamma"}, {"Out": "column"}, {"axes": [-1, -1]})
    add_op(block, "elementwise_mul", {"X": "leaky", "Y": "column"}, {"Out": "weighted"}, {"axis": -1})
    add_op(block, "pool2d", {"X": "weighted"}, {"Out": "pooled"}, pool)
    flatten = {"start_axis": 1, "stop_axis": 3}
    add_op(block, "flatten_contiguous_range", {"X": "pooled"}, {"Out": "flat"}, flatten)
    transpose = {"trans_x": False, "trans_y": False}
    add_op(block, "matmul_v2", {"X": "flat", "Y": "fc.w"}, {"Out": "product"}, transpose)
    add_op(block, "elementwise_add", {"X": "product", "Y": "fc.b"}, {"Out": "sum"}, {"axis": -1})
    add_op(block, "relu6", {"X": "sum"}, {"Out": "clipped_sum"}, {"threshold": fc_clip})
    add_op(block, "scale", {"X": "clipped_sum"}, {"Out": "logits"}, {**scale, "bias": 0.5})
    add_op(block, "fetch", {"X": "logits"}, {"Out": "fetch"}, {"col": 0})
    return program


def write(folder: Path, values: dict[str, np.ndarray] | None = None, **changed: float) -> Path:
    """The program, with some parameters of its activations `changed`, and its weights in `folder`; returns it."""
    return save(folder, build(**changed), values or parameters())
