"""A quantised ONNX graph of the small program, as ONNX Runtime writes one."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.converters.quantised import Numbers


def quantised_graph(numbers: Numbers) -> onnx.GraphProto:
    """x -> Q, DQ -> Conv (DQ weight, DQ bias) -> Q, DQ -> MatMul (DQ) -> logits; with a number k, times that (DQ)."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "x_scale", "x_zero"], ["x_q"]),
        helper.make_node("DequantizeLinear", ["x_q", "x_scale", "x_zero"], ["x_dq"]),
        helper.make_node("DequantizeLinear", ["w", "w_scale", "w_zero"], ["w_dq"], axis=0),
        helper.make_node("DequantizeLinear", ["b", "b_scale", "b_zero"], ["b_dq"], axis=0),
        helper.make_node("Conv", ["x_dq", "w_dq", "b_dq"], ["y"]),
        helper.make_node("QuantizeLinear", ["y", "y_scale", "y_zero"], ["y_q"]),
        helper.make_node("DequantizeLinear", ["y_q", "y_scale", "y_zero"], ["y_dq"]),
        helper.make_node("DequantizeLinear", ["p", "p_scale", "p_zero"], ["p_dq"], axis=1),
        helper.make_node("MatMul", ["y_dq", "p_dq"], ["logits"]),
    ]
    if "k" in numbers.values:
        nodes[-1].output[0] = "z"
        nodes += [
            helper.make_node("DequantizeLinear", ["k", "k_scale", "k_zero"], ["k_dq"]),
            helper.make_node("Mul", ["z", "k_dq"], ["logits"]),
        ]
    return helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in numbers.values.items()],
    )
