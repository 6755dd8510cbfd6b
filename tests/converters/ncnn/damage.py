"""Damages an ncnn model a little, to show that verification sees it."""

from pathlib import Path

import numpy as np

_CONVOLUTIONS = ("Convolution", "ConvolutionDepthWise")
# A layer's weights begin with a flag that says how they are stored; 0 is plain FP32.
_FLAG_BYTES = 4


def scale_one_channel(param: Path, weights: Path, factor: float = 1.01) -> str:
    """Multiply the weights of output channel 0 of the first convolution by `factor`; returns the layer's name.

    The first layer with weights must be that convolution, stored in FP32, so that it begins the .bin.
    """
    for line in param.read_text().splitlines()[2:]:
        kind, name, inputs, outputs, *rest = line.split()
        parameters = dict(entry.split("=", 1) for entry in rest[int(inputs) + int(outputs) :])
        if kind in _CONVOLUTIONS:
            break
        assert kind in ("Input", "Split", "ReLU", "Pooling", "Padding"), f"{kind} may hold weights"
    else:
        raise AssertionError(f"{param} has no convolution")
    channels, count = int(parameters["0"]), int(parameters["6"])
    content = bytearray(weights.read_bytes())
    assert content[:_FLAG_BYTES] == bytes(4), f"the weights of {name} are not stored in FP32"
    values = np.frombuffer(content, np.float32, count=count // channels, offset=_FLAG_BYTES)
    values *= np.float32(factor)
    weights.write_bytes(content)
    return name
