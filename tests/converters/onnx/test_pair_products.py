"""Which layers of a QDQ model are computed by pairs."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.converters.loading import load

products_of = load("onnx", "pair_products").products_of
ZERO = 3


def test_products_of_a_model_are_those_that_are_paired() -> None:
    """A convolution and a product are; a depthwise convolution adds in 32 bits, and no weights are in FP32."""
    random = np.random.default_rng(0)
    weights = {
        "conv": random.integers(-127, 128, (5, 4, 3, 3)).astype(np.int8),
        "depthwise": random.integers(-127, 128, (5, 1, 3, 3)).astype(np.int8),
        "product": random.integers(-127, 128, (7, 6)).astype(np.int8),
    }
    constants = {f"{name}_quantized": values for name, values in weights.items()}
    constants |= {"scale": np.float32(0.5), "zero": np.uint8(ZERO), "floats": np.ones((7, 6), np.float32)}
    constants |= {f"{name}_scale": np.ones(len(values), np.float32) for name, values in weights.items()}
    constants |= {f"{name}_zero": np.zeros(len(values), np.int8) for name, values in weights.items()}
    constants["product_scale"], constants["product_zero"] = np.ones(6, np.float32), np.zeros(6, np.int8)
    nodes = []
    for name, axis in (("conv", 0), ("depthwise", 0), ("product", 1)):
        nodes += [
            helper.make_node("QuantizeLinear", [name[0], "scale", "zero"], [f"{name}_codes"]),
            helper.make_node("DequantizeLinear", [f"{name}_codes", "scale", "zero"], [f"{name}_values"]),
            helper.make_node(
                "DequantizeLinear",
                [f"{name}_{part}" for part in ("quantized", "scale", "zero")],
                [f"{name}_w"],
                axis=axis,
            ),
        ]
    nodes += [
        helper.make_node("Conv", ["conv_values", "conv_w"], ["1"]),
        helper.make_node("Conv", ["depthwise_values", "depthwise_w"], ["2"], group=5),
        helper.make_node("MatMul", ["product_values", "product_w"], ["3"]),
        helper.make_node("MatMul", ["product_values", "floats"], ["4"]),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("c", "d", "p")]
    tensors = [numpy_helper.from_array(np.asarray(values), name) for name, values in constants.items()]
    model = helper.make_model(helper.make_graph(nodes, "small", inputs, [], tensors))
    conv, matrix = products_of(onnx.ModelProto.FromString(model.SerializeToString()))
    assert (conv.weight, conv.values, conv.axis, conv.zero_point, conv.last) == ("conv", "c", 0, ZERO, False)
    np.testing.assert_array_equal(conv.weights[2, 4], weights["conv"][2, :, 1, 1])
    assert (matrix.weight, matrix.axis, matrix.last) == ("product", 1, True)
    np.testing.assert_array_equal(matrix.weights[:, 0], weights["product"].T)
