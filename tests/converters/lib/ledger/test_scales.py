"""A convolution times a number of the program: Paddle Lite puts it into the weights, and nothing else passes for it."""

import numpy as np
import pytest
from edgeworker.ledger.account import Account, account
from edgeworker.ledger.stored import Stored
from edgeworker.paddle_program import FP32, LOD_TENSOR, new_program

from tests.converters.lib.ledger.programs import add_op

NORM = ("scale", "bias", "mean", "variance")
FACTOR = np.float32(3e5)


def told(kind: str, stored: dict[str, np.ndarray], between: str = "relu", factor: float = 3e5) -> Account:
    """conv -> batch_norm -> `between` -> scale, and what it says of what is stored."""
    made = new_program()
    block = made.blocks[0]
    add_op(block, kind, {"Input": ["x"], "Filter": ["w"]}, "c")
    norm = {"X": ["c"], "Scale": ["scale"], "Bias": ["bias"], "Mean": ["mean"], "Variance": ["variance"]}
    add_op(block, "batch_norm", norm, "n", epsilon=1e-5)
    block.ops[-1].outputs[0].parameter = "Y"
    add_op(block, between, {"X": ["n"]}, "r")
    add_op(block, "scale", {"X": ["r"]}, "y", scale=factor, bias=0.0)
    return account((Stored(name, name, values) for name, values in stored.items()), made, parameters())


def parameters() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    values = {"w": random.normal(0, 1, (4, 1, 3, 3)), **{name: random.uniform(0.5, 2, 4) for name in NORM}}
    return {name: value.astype(np.float32) for name, value in values.items()}


def folded() -> dict[str, np.ndarray]:
    """As `opt` computes it, in FP32."""
    w, scale, bias, mean, variance = parameters().values()
    factor = scale / np.sqrt(variance + np.float32(1e-5))
    return {"w": w * factor[:, None, None, None] * FACTOR, "b": (bias - mean * factor) * FACTOR}


@pytest.mark.parametrize("kind", ["conv2d", "depthwise_conv2d"])
def test_weight_and_bias_times_a_number_are_explained(kind: str) -> None:
    found = told(kind, folded())
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained == {"multiplied by numbers": 1, "bias multiplied by numbers": 1}


@pytest.mark.parametrize("name", ["w", "b"])
def test_one_channel_that_is_off_is_not(name: str) -> None:
    stored = folded()
    stored[name][2] *= np.float32(1.0001)
    assert [one.name for one in told("conv2d", stored).unexplained] == [name]


def test_a_lost_bias_is_missed() -> None:
    assert set(told("conv2d", {"w": folded()["w"]}).unused) == {"bias", "mean"}


def scaled_then_normalised(stored: dict[str, np.ndarray]) -> Account:
    """conv -> scale -> batch_norm, and what it says of what is stored."""
    made = new_program()
    block = made.blocks[0]
    add_op(block, "conv2d", {"Input": ["x"], "Filter": ["w"]}, "c")
    add_op(block, "scale", {"X": ["c"]}, "s", scale=2.5, bias=0.5)
    norm = {"X": ["s"], "Scale": ["scale"], "Bias": ["bias"], "Mean": ["mean"], "Variance": ["variance"]}
    add_op(block, "batch_norm", norm, "n", epsilon=1e-5)
    block.ops[-1].outputs[0].parameter = "Y"
    return account((Stored(name, name, values) for name, values in stored.items()), made, parameters())


def test_a_batch_norm_may_follow() -> None:
    w, scale, bias, mean, variance = parameters().values()
    factor = scale / np.sqrt(variance + np.float32(1e-5))
    stored = {"w": w * np.float32(2.5) * factor[:, None, None, None], "b": bias + (np.float32(0.5) - mean) * factor}
    found = scaled_then_normalised(stored)
    assert (found.unexplained, found.unused) == ([], [])
    stored["b"][1] += np.float32(1e-3)
    assert [one.name for one in scaled_then_normalised(stored).unexplained] == ["b"]


def hard_sigmoid(stored: dict[str, np.ndarray], **attributes: float) -> Account:
    """conv -> bias -> hard_sigmoid, and what it says of what is stored."""
    made = new_program()
    block = made.blocks[0]
    add_op(block, "conv2d", {"Input": ["x"], "Filter": ["w"]}, "c")
    add_op(block, "elementwise_add", {"X": ["c"], "Y": ["bias"]}, "a")
    add_op(block, "hard_sigmoid", {"X": ["a"]}, "y", **attributes)
    own = {name: values for name, values in parameters().items() if name in ("w", "bias")}
    return account((Stored(name, name, values) for name, values in stored.items()), made, own)


@pytest.mark.parametrize(("attributes", "factor", "added"), [({}, 0.2, 0.5), ({"slope": 0.25, "offset": 0.0}, 0.25, 0)])
def test_a_hard_sigmoids_line_is_one_with_the_convolution(
    attributes: dict[str, float], factor: float, added: float
) -> None:
    own = parameters()
    stored = {"w": own["w"] * np.float32(factor), "b": own["bias"] * np.float32(factor) + np.float32(added)}
    found = hard_sigmoid(stored, **attributes)
    assert (found.unexplained, found.unused) == ([], [])
    stored["w"][2] *= np.float32(1.01)
    assert [one.name for one in hard_sigmoid(stored, **attributes).unexplained] == ["w"]


@pytest.mark.parametrize(("between", "factor"), [("sigmoid", 3e5), ("relu", -3e5)])
def test_no_other_function_may_lie_between(between: str, factor: float) -> None:
    sign = np.float32(np.sign(factor))
    stored = {name: values * sign for name, values in folded().items()}
    assert told("conv2d", stored, between, factor).unexplained_count == 2


@pytest.mark.parametrize("first", ["X", "Y"])
def test_so_is_a_number_that_was_trained(first: str) -> None:
    """conv -> relu -> times a parameter of one value, as TFLite puts it into the weights."""
    made = new_program()
    block = made.blocks[0]
    add_op(block, "conv2d", {"Input": ["x"], "Filter": ["w"]}, "c")
    add_op(block, "relu", {"X": ["c"]}, "r")
    add_op(block, "elementwise_mul", {first: ["k"], "Y" if first == "X" else "X": ["r"]}, "y", axis=-1)
    own = {"w": parameters()["w"], "k": np.array([1.25], np.float32)}

    def told_of(values: np.ndarray) -> Account:
        return account([Stored("w", "w", values)], made, own)

    found = told_of(own["w"] * np.float32(1.25))
    assert (found.unexplained, found.unused) == ([], [])
    assert [one.name for one in told_of(own["w"] * np.float32(1.26)).unexplained] == ["w"]


@pytest.mark.parametrize(("shape", "explained"), [([1, 4, 1, 1], True), ([1, 1, 1, 4], False)])
def test_so_is_a_trained_number_of_each_channel(shape: list[int], explained: bool) -> None:
    """conv -> batch_norm -> times [1, 4, 1, 1], as MobileNetV4 scales its layers and onnxslim folds them.

    As many numbers along columns are something else.
    """
    made = new_program()
    block = made.blocks[0]
    add_op(block, "conv2d", {"Input": ["x"], "Filter": ["w"]}, "c")
    norm = {"X": ["c"], "Scale": ["scale"], "Bias": ["bias"], "Mean": ["mean"], "Variance": ["variance"]}
    add_op(block, "batch_norm", norm, "n", epsilon=1e-5)
    block.ops[-1].outputs[0].parameter = "Y"
    add_op(block, "reshape2", {"X": ["gamma"]}, "g", shape=shape)
    viewed = block.vars.add(name="g")
    viewed.type.type = LOD_TENSOR
    viewed.type.lod_tensor.tensor.data_type = FP32
    viewed.type.lod_tensor.tensor.dims.extend(shape)
    add_op(block, "elementwise_mul", {"X": ["n"], "Y": ["g"]}, "y", axis=-1)
    gamma = np.array([0.5, -2.0, 1.5, 0.25], np.float32)
    own = {**parameters(), "gamma": gamma}
    stored = {name: values / FACTOR * gamma.reshape(-1, *[1] * (values.ndim - 1)) for name, values in folded().items()}

    def told_of(values: dict[str, np.ndarray]) -> Account:
        return account([Stored(name, name, one) for name, one in values.items()], made, own)

    found = told_of(stored)
    assert (found.unexplained_count, bool(found.unused)) == ((0, False) if explained else (2, True))
    stored["w"][1] *= np.float32(1.001)
    assert "w" in [one.name for one in told_of(stored).unexplained]
