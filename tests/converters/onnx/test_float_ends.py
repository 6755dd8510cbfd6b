"""Where integers end: graphs compute the same, but for the roundings that are taken out."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tests.converters.loading import load

float_ends = load("onnx", "float_ends")
gemm = load("onnx", "gemm")
left_out = load("onnx", "left_out")

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.normal(size=(2, 3, 4, 4)).astype(np.float32)
WEIGHT = RANDOM.normal(size=(4, 3, 1, 1)).astype(np.float32)
PRODUCT = RANDOM.normal(size=(4, 5)).astype(np.float32)
AXES = np.array([2, 3])
BIAS = RANDOM.normal(size=5).astype(np.float32)
POINTS = {"x": (0.03, 128), "y": (0.05, 0), "m": (0.02, 0), "z": (0.06, 100), "out": (0.004, 0), "b": (0.01, 128)}


def model_of(nodes, constants, output="out", shape=(2, 5)) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(IMAGE.shape))],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, list(shape))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])


def computed(model: onnx.ModelProto) -> np.ndarray:
    onnx.checker.check_model(model, full_check=True)
    (found,) = ReferenceEvaluator(model).run(None, {"x": IMAGE})
    return np.asarray(found)


def full() -> onnx.ModelProto:
    """A convolution, a rectifier, a mean, a product, a bias and a softmax in FP32."""
    return model_of(
        [
            helper.make_node("Conv", ["x", "w"], ["c"], "conv"),
            helper.make_node("Relu", ["c"], ["y"], "relu"),
            helper.make_node("ReduceMean", ["y", "axes"], ["m"], "mean", keepdims=0),
            helper.make_node("MatMul", ["m", "p"], ["z"], "product"),
            helper.make_node("Add", ["z", "b"], ["s"], "bias"),
            helper.make_node("Softmax", ["s"], ["out"], "softmax"),
        ],
        {"w": WEIGHT, "p": PRODUCT, "b": BIAS, "axes": AXES},
    )


def pair(name: str, result: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("QuantizeLinear", [name, f"{name}_s", f"{name}_z"], [f"{name}_q"], f"{name}_Q"),
        helper.make_node("DequantizeLinear", [f"{name}_q", f"{name}_s", f"{name}_z"], [result], f"{name}_DQ"),
    ]


def quantised(weight_in_float: bool = False) -> onnx.ModelProto:
    """The same as ONNX Runtime quantises it: without the rectifier, with values rounded as they are read and made."""
    scales = {f"{name}_s": np.float32(scale) for name, (scale, _) in POINTS.items()}
    zeros = {f"{name}_z": np.uint8(zero) for name, (_, zero) in POINTS.items()}
    integers = {"p_q": np.clip(np.rint(PRODUCT / 0.02), -127, 127).astype(np.int8), "p_s": np.float32(0.02)}
    bias = np.clip(np.rint(BIAS / POINTS["b"][0]) + 128, 0, 255).astype(np.uint8)
    # The name of what is dequantised is the parameter's own, as ONNX Runtime has it of biases.
    weights = [helper.make_node("DequantizeLinear", ["w_q", "p_s"], ["w_dq"], "w_DQ")]
    if not weight_in_float:
        integers["w_q"] = np.clip(np.rint(WEIGHT / 0.02), -127, 127).astype(np.int8)
    nodes = [
        *pair("x", "x_dq"),
        *([] if weight_in_float else weights),
        helper.make_node("Conv", ["x_dq", "w" if weight_in_float else "w_dq"], ["y"], "conv"),
        *pair("y", "y_dq"),
        helper.make_node("ReduceMean", ["y_dq", "axes"], ["m"], "mean", keepdims=0),
        *pair("m", "m_dq"),
        helper.make_node("DequantizeLinear", ["p_q", "p_s"], ["p_dq"], "p_DQ"),
        helper.make_node("MatMul", ["m_dq", "p_dq"], ["z"], "product"),
        *pair("z", "z_dq"),
        helper.make_node("DequantizeLinear", ["b_q", "b_s", "b_z"], ["b"], "b_DQ"),
        helper.make_node("Add", ["z_dq", "b"], ["s"], "bias"),
        helper.make_node("Softmax", ["s"], ["o"], "softmax"),
    ]
    nodes += [
        helper.make_node("QuantizeLinear", ["o", "out_s", "out_z"], ["o_q"], "o_Q"),
        helper.make_node("DequantizeLinear", ["o_q", "out_s", "out_z"], ["out"], "o_DQ"),
    ]
    constants = {**scales, **zeros, **integers, "b_q": bias, "axes": AXES, **({"w": WEIGHT} if weight_in_float else {})}
    return model_of(nodes, constants)


def test_outputs_are_not_rounded_nor_what_follows_the_last_product() -> None:
    model = quantised()
    assert len(np.unique(computed(model) / POINTS["out"][0] % 1)) == 1  # it was a whole number of steps
    float_ends.end_in_float(model, full())
    kinds = [node.op_type for node in model.graph.node]
    assert kinds[-3:] == ["MatMul", "Add", "Softmax"]
    assert kinds.count("QuantizeLinear") == 3
    assert [one.name for one in model.graph.output] == ["out"]
    # Its bias is the program's own again, and what was of its integers is gone.
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert np.array_equal(stored["b"], BIAS)
    assert not {"b_q", "b_s", "z_s", "out_z"} & stored.keys()
    found = computed(model)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.abs(found - computed(full())).max() < 0.1


def test_a_convolution_at_the_end_keeps_its_integers() -> None:
    nodes = list(quantised().graph.node)[:4]
    nodes += [
        helper.make_node("QuantizeLinear", ["y", "y_s", "y_z"], ["y_q"], "y_Q"),
        helper.make_node("DequantizeLinear", ["y_q", "y_s", "y_z"], ["out"], "y_DQ"),
    ]
    used = {name for node in nodes for name in node.input}
    constants = {one.name: numpy_helper.to_array(one) for one in quantised().graph.initializer if one.name in used}
    model = model_of(nodes, constants, shape=(2, 4, 4, 4))
    before = computed(model)
    float_ends.end_in_float(model, full())
    assert [node.op_type for node in model.graph.node][-3:] == ["Conv", "QuantizeLinear", "DequantizeLinear"]
    assert np.array_equal(computed(model), before)


def test_a_layer_in_float_reads_values_with_a_step_for_each_channel() -> None:
    model = quantised(weight_in_float=True)
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    float_ends.weights_in_float(changed.graph)
    assert np.array_equal(computed(changed), computed(model))
    (conv,) = (node for node in changed.graph.node if node.op_type == "Conv")
    (source,) = (node for node in changed.graph.node if node.output[0] == conv.input[0])
    stored = {tensor.name: tensor for tensor in changed.graph.initializer}
    assert [list(stored[name].dims) for name in source.input[1:]] == [[3], [3]]
    # Integers need none.
    untouched = quantised()
    float_ends.weights_in_float(untouched.graph)
    assert untouched == quantised()


@pytest.mark.parametrize(
    ("node", "weight", "channels"),
    [
        (helper.make_node("Conv", ["x", "w"], ["y"], group=4), [8, 3, 3, 3], 12),
        (helper.make_node("ConvTranspose", ["x", "w"], ["y"]), [6, 2, 3, 3], 6),
        (helper.make_node("Gemm", ["x", "w"], ["y"]), [7, 5], 7),
        (helper.make_node("Gemm", ["x", "w"], ["y"], transB=1), [7, 5], 5),
    ],
)
def test_channels_of_what_a_node_reads(node, weight, channels) -> None:
    assert float_ends.channels_of(node, weight) == channels


def test_a_product_and_its_bias_are_one_operator() -> None:
    joined = gemm.with_gemm(full())
    assert [node.op_type for node in joined.graph.node] == ["Conv", "Relu", "ReduceMean", "Gemm", "Softmax"]
    (found,) = (node for node in joined.graph.node if node.op_type == "Gemm")
    assert (found.name, list(found.input), list(found.output)) == ("product", ["m", "p", "b"], ["s"])
    assert np.allclose(computed(joined), computed(full()), atol=1e-6)


def test_products_of_more_axes_stay_and_so_does_a_bias_of_another_shape() -> None:
    nodes = list(full().graph.node)
    image = [
        helper.make_node("MatMul", ["x", "p"], ["z"], "product"),
        helper.make_node("Add", ["z", "b"], ["out"], "a"),
    ]
    tokens = model_of(image, {"p": PRODUCT, "b": BIAS}, shape=(2, 3, 4, 5))
    one = model_of(nodes, {"w": WEIGHT, "p": PRODUCT, "b": BIAS[:1], "axes": AXES})
    for model in (tokens, one):
        assert "Gemm" not in [node.op_type for node in gemm.with_gemm(model).graph.node]


def test_rectifiers_that_integers_make_needless_are_put_back() -> None:
    graph = quantised().graph
    assert left_out.restore_activations(full().graph, graph) == {"relu"}
    kinds = [(node.op_type, list(node.input), list(node.output)) for node in graph.node]
    place = next(place for place, (kind, *_) in enumerate(kinds) if kind == "Conv")
    assert kinds[place + 1] == ("Relu", ["c"], ["y"])
    assert kinds[place][2] == ["c"]
    assert kinds[place + 2][:2] == ("QuantizeLinear", ["y", "y_s", "y_z"])


def test_two_activations_in_a_row_are_put_back_in_their_order() -> None:
    before = model_of(
        [
            helper.make_node("Conv", ["x", "w"], ["a"], "conv"),
            helper.make_node("Relu", ["a"], ["b"], "relu"),
            helper.make_node("Clip", ["b", "low", "high"], ["out"], "clip"),
        ],
        {"w": WEIGHT, "low": np.float32(0), "high": np.float32(6)},
        shape=(2, 4, 4, 4),
    )
    without = model_of([helper.make_node("Conv", ["x", "w"], ["out"], "conv")], {"w": WEIGHT}, shape=(2, 4, 4, 4))
    assert left_out.restore_activations(before.graph, without.graph) == {"relu", "clip"}
    assert np.array_equal(computed(without), computed(before))
