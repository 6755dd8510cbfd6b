"""The quantisation that an ONNX model brings along, as TensorRT takes it."""

import numpy as np
import onnx
from edgeworker.refusal import Refusal
from engine_record import Steps
from onnx import numpy_helper

PAIR = ("QuantizeLinear", "DequantizeLinear")


def check_quantised(model: onnx.ModelProto) -> None:
    """Raise Refusal where a model is not quantised, or not as TensorRT takes it: signed, with zero points of 0."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    pairs = [node for node in model.graph.node if node.op_type in PAIR]
    if not pairs:
        raise Refusal("the ONNX model has no QuantizeLinear: nothing of it is in 8 bits", kind="input")
    for node in pairs:
        zero = constants.get(node.input[2]) if len(node.input) > 2 else None
        values = np.zeros(1, np.uint8) if zero is None else numpy_helper.to_array(zero)
        if values.dtype != np.int8 or values.any():
            raise Refusal(
                f"{node.op_type} {node.output[0]} is not of signed 8 bits with a zero point of 0",
                "TensorRT takes no other: quantise it again with the form tensorrt",
                kind="input",
            )


def steps_of(model: onnx.ModelProto) -> dict[str, Steps]:
    """What the weights in 8 bits stand for, by name."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    found = {}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
            scale = np.atleast_1d(numpy_helper.to_array(constants[node.input[1]]))
            rank = len(constants[node.input[0]].dims)
            found[node.input[0]] = Steps(node.input[1], axis % rank, scale.tolist())
    return found
