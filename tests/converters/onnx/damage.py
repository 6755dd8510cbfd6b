"""Damages a model.onnx a little, to show that verification sees it."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper


def scale_one_channel(model: Path, factor: float = 1.01) -> str:
    """Multiply the weights of output channel 0 of the first convolution by `factor`; returns the weights' name."""
    proto = onnx.load(model)
    constants = {tensor.name: tensor for tensor in proto.graph.initializer}
    weight = next(node.input[1] for node in proto.graph.node if node.op_type == "Conv" and node.input[1] in constants)
    values = np.array(numpy_helper.to_array(constants[weight]))
    values[0] *= factor
    constants[weight].CopyFrom(numpy_helper.from_array(values, weight))
    onnx.save(proto, model)
    return weight
