"""Damages a `.mnn` file a little, to show that verification sees it."""

from pathlib import Path

import numpy as np

from tests.converters.loading import load


def scale_one_channel(path: Path, factor: float = 1.01) -> str:
    """Multiply the weights of output channel 0 of the first convolution by `factor`; returns the operator's name.

    Only weights in FP32: the bytes are looked for in the file, and stand there once.
    """
    network = load("mnn", "mnn_file").MnnFile.read(path)
    convolution = next(one for one in network.operators if one.type == "Convolution")
    weight = convolution.tensors()["weight"]
    assert weight.dtype == np.float32, "not the weights of a file in FP32"
    content = bytearray(path.read_bytes())
    assert content.count(weight.tobytes()) == 1
    channel = weight.size // convolution.parameters["common"]["outputCount"]
    values = np.frombuffer(content, np.float32, channel, content.find(weight.tobytes()))
    values *= np.float32(factor)
    path.write_bytes(content)
    return convolution.name
