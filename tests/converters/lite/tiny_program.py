"""A Paddle program of nine operators with what Paddle Lite's conversion must mend, and what it computes.

Written by hand with the project's own ProgramDesc, as Paddle 2.6 exports it: `swish` without `beta`,
`flatten_contiguous_range` without `XShape`. 8x8 pixels, three channels, five classes.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.paddle_program import FP32, LOD_TENSOR, new_program, write_program

_INT, _FLOAT, _STRING, _INTS, _BOOLEAN = 0, 1, 2, 3, 6
_FEED_MINIBATCH, _FETCH_LIST = 9, 10


def parameters() -> dict[str, np.ndarray]:
    """Fixed values, the same on every machine; keys in the order in which Paddle stores them, by name."""
    count = np.arange(4 * 3 * 3 * 3, dtype=np.float32)
    return {
        "conv.b": np.linspace(-0.5, 0.5, 4, dtype=np.float32),
        "conv.w": (((count * 7) % 13 - 6) / 16).reshape(4, 3, 3, 3).astype(np.float32),
        "fc.b": np.linspace(1, -1, 5, dtype=np.float32),
        "fc.w": ((np.arange(20, dtype=np.float32) * 3 % 11 - 5) / 8).reshape(4, 5),
    }


def add_op(block: Any, kind: str, inputs: dict, outputs: dict, attributes: dict[str, Any] | None = None) -> Any:
    """Append an operator; attribute kinds follow from the Python types."""
    op = block.ops.add(type=kind)
    for slots, given in ((op.inputs, inputs), (op.outputs, outputs)):
        for parameter, names in given.items():
            slots.add(parameter=parameter, arguments=names if isinstance(names, list) else [names])
    for name, value in (attributes or {}).items():
        match value:
            case bool():
                op.attrs.add(name=name, type=_BOOLEAN, b=value)
            case int():
                op.attrs.add(name=name, type=_INT, i=value)
            case float():
                op.attrs.add(name=name, type=_FLOAT, f=value)
            case str():
                op.attrs.add(name=name, type=_STRING, s=value)
            case _:
                op.attrs.add(name=name, type=_INTS, ints=value)
    return op


def add_tensor(block: Any, name: str, dims: list[int], persistable: bool = False) -> None:
    """Declare an FP32 tensor."""
    described = block.vars.add(name=name, persistable=persistable)
    described.type.type = LOD_TENSOR
    described.type.lod_tensor.tensor.data_type = FP32
    described.type.lod_tensor.tensor.dims.extend(dims)


def build() -> Any:
    """The ProgramDesc: input "x" [1, 3, 8, 8], output "logits" [1, 5]."""
    program = new_program()
    block = program.blocks[0]
    for name, kind in (("feed", _FEED_MINIBATCH), ("fetch", _FETCH_LIST)):
        block.vars.add(name=name, persistable=True).type.type = kind
    for name, value in parameters().items():
        add_tensor(block, name, list(value.shape), persistable=True)
    for name, dims in {
        "x": [1, 3, 8, 8],
        "conv": [1, 4, 4, 4],
        "biased": [1, 4, 4, 4],
        "swished": [1, 4, 4, 4],
        "pooled": [1, 4, 1, 1],
        "flat": [1, 4],
        "product": [1, 5],
        "logits": [1, 5],
    }.items():
        add_tensor(block, name, dims)
    convolution = {
        "strides": [2, 2],
        "paddings": [1, 1],
        "dilations": [1, 1],
        "groups": 1,
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
    add_op(block, "feed", {"X": "feed"}, {"Out": "x"}, {"col": 0})
    add_op(block, "conv2d", {"Input": "x", "Filter": "conv.w"}, {"Output": "conv"}, convolution)
    add_op(block, "elementwise_add", {"X": "conv", "Y": "conv.b"}, {"Out": "biased"}, {"axis": 1})
    add_op(block, "swish", {"X": "biased"}, {"Out": "swished"})
    add_op(block, "pool2d", {"X": "swished"}, {"Out": "pooled"}, pool)
    flatten = {"start_axis": 1, "stop_axis": 3}
    add_op(block, "flatten_contiguous_range", {"X": "pooled"}, {"Out": "flat"}, flatten)
    transpose = {"trans_x": False, "trans_y": False}
    add_op(block, "matmul_v2", {"X": "flat", "Y": "fc.w"}, {"Out": "product"}, transpose)
    add_op(block, "elementwise_add", {"X": "product", "Y": "fc.b"}, {"Out": "logits"}, {"axis": -1})
    add_op(block, "fetch", {"X": "logits"}, {"Out": "fetch"}, {"col": 0})
    return program


def save(folder: Path, program: Any | None = None, values: dict[str, np.ndarray] | None = None) -> Path:
    """Write inference.pdmodel and inference.pdiparams (`values`, by name) into `folder`; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_program(program or build(), folder / "inference.pdmodel")
    stored = sorted((parameters() if values is None else values).items())
    (folder / "inference.pdiparams").write_bytes(b"".join(_stored(value) for _, value in stored))
    return folder


def _stored(value: np.ndarray) -> bytes:
    """One tensor as Paddle stores it: versions, no level of detail, a TensorDesc message, the values."""
    described = bytes([0x08, FP32]) + b"".join(bytes([0x10, size]) for size in value.shape)
    header = struct.pack("<IQIi", 0, 0, 0, len(described))
    return header + described + value.astype("<f4").tobytes()


def logits(x: np.ndarray) -> np.ndarray:
    """What the program computes, in float64: [N, 3, 8, 8] -> [N, 5]."""
    weights = {name: value.astype(np.float64) for name, value in parameters().items()}
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    biased = np.einsum("ncyxij,ocij->noyx", windows, weights["conv.w"])
    biased += weights["conv.b"][:, None, None]
    swished = biased / (1 + np.exp(-biased))
    return swished.mean(axis=(2, 3)) @ weights["fc.w"] + weights["fc.b"]
