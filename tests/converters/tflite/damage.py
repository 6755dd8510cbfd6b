"""Damages a `.tflite` file a little, to show that verification sees it."""

from pathlib import Path

import numpy as np

from tests.converters.loading import load


def scale_one_channel(file: Path, factor: float = 1.01) -> str:
    """Multiply the weights of output channel 0 of the first convolution by `factor`; returns the weights' name."""
    content = bytearray(file.read_bytes())
    model = load("tflite", "stored_model").StoredModel.read(file)
    operator = next(one for one in model.operators if one.type == "CONV_2D")
    weight = model.tensors[operator.inputs[1]]
    assert weight.values is not None
    assert weight.values.dtype == np.float32, "not the weights of an FP32 file"
    stored = weight.values.tobytes()
    at = content.find(stored)
    assert content.find(stored, at + 1) < 0, "two places hold the same"
    values = np.frombuffer(content, np.float32, count=weight.values[0].size, offset=at)
    values *= np.float32(factor)
    file.write_bytes(content)
    return weight.name
