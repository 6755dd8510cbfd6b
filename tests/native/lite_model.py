"""The network that the double of Paddle Lite computes (lite_double/double.cpp), as a Paddle program."""

from pathlib import Path

import numpy as np
from edgeworker.paddle_program import new_program

from tests.converters.lite.tiny_program import add_op, add_tensor, save

CHANNELS, CLASSES, SIDE = 3, 5, 16
_FEED_MINIBATCH, _FETCH_LIST = 9, 10


def weights() -> np.ndarray:
    """[channels, classes], by the double's formula."""
    count = np.arange(CHANNELS * CLASSES)
    return ((count * 7 % 11 - 5) / 8).astype(np.float32).reshape(CHANNELS, CLASSES)


def write(folder: Path) -> Path:
    """The mean of each channel of "x" [1, 3, 16, 16] times the weights: "logits" [1, 5]. Returns `folder`."""
    program = new_program()
    block = program.blocks[0]
    for name, kind in (("feed", _FEED_MINIBATCH), ("fetch", _FETCH_LIST)):
        block.vars.add(name=name, persistable=True).type.type = kind
    add_tensor(block, "w", [CHANNELS, CLASSES], persistable=True)
    for name, dims in {
        "x": [1, CHANNELS, SIDE, SIDE], "pooled": [1, CHANNELS, 1, 1], "flat": [1, CHANNELS], "logits": [1, CLASSES],
    }.items():  # fmt: skip
        add_tensor(block, name, dims)
    pool = {
        "pooling_type": "avg", "ksize": [1, 1], "strides": [1, 1], "paddings": [0, 0], "adaptive": True,
        "global_pooling": False, "exclusive": True, "ceil_mode": False, "data_format": "NCHW",
        "padding_algorithm": "EXPLICIT",
    }  # fmt: skip
    add_op(block, "feed", {"X": "feed"}, {"Out": "x"}, {"col": 0})
    add_op(block, "pool2d", {"X": "x"}, {"Out": "pooled"}, pool)
    add_op(block, "flatten_contiguous_range", {"X": "pooled"}, {"Out": "flat"}, {"start_axis": 1, "stop_axis": 3})
    add_op(block, "matmul_v2", {"X": "flat", "Y": "w"}, {"Out": "logits"}, {"trans_x": False, "trans_y": False})
    add_op(block, "fetch", {"X": "logits"}, {"Out": "fetch"}, {"col": 0})
    return save(folder, program, {"w": weights()})
