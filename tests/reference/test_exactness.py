"""TF32 and FP16 in a reference are told from FP32: by real arithmetic, not by made-up errors."""

import numpy as np
import pytest

from edgekit.parity import Tolerance
from edgekit.reference.exactness import Incomparable, Measured, is_fp16, measure, worst
from tests.reference.making import Network, keep_bits

USUAL = Tolerance()
SEEDS = range(4)


@pytest.fixture(scope="module", params=SEEDS)
def network(request: pytest.FixtureRequest) -> Network:
    return Network.of(request.param)


def measured(network: Network, logits: np.ndarray) -> Measured:
    paddle, oracle = network.run("fp32"), network.run("float64")
    return measure({"logits": logits}, {"logits": paddle}, {"logits": oracle}, USUAL)["logits"]


def test_rounding_keeps_the_bits_it_says() -> None:
    halfway = np.array([1 + 2**-10, 1 + 2**-11, 1 + 3 * 2**-11], np.float32)
    assert keep_bits(halfway, 10).tolist() == [1 + 2**-10, 1, 1 + 2**-9]
    exact = np.array([0.1, -3.7e-5, 1e20], np.float32)
    assert np.abs(keep_bits(exact, 10) / exact - 1).max() <= 2**-11


@pytest.mark.parametrize("arithmetic", ["fp32", "fp32-reversed"])
def test_another_order_of_sums_is_fp32(network: Network, arithmetic: str) -> None:
    found = measured(network, network.run(arithmetic))
    assert found.exactness == "fp32"
    assert 0.5 < found.ratio < 2
    assert "as exact as FP32" in found.sentence()


def test_tf32_is_called_so(network: Network) -> None:
    found = measured(network, network.run("tf32"))
    assert found.exactness == "tf32"
    assert 1000 < found.ratio < 8192
    assert 1e-4 < found.rms_relative < 1e-3
    assert "TF32" in found.sentence()


def test_fp16_is_told_from_tf32_by_its_values(network: Network) -> None:
    found = measured(network, network.run("fp16"))
    assert found.exactness == "fp16"
    assert 1000 < found.ratio < 8192


def test_bf16_and_another_model_are_neither(network: Network) -> None:
    assert measured(network, network.run("bf16")).exactness == "wrong"
    assert measured(network, Network.of(99).run("fp32")).exactness == "wrong"


def test_a_little_tf32_is_not_fp32(network: Network) -> None:
    """One per cent of TF32's error: a small layer in it, or a sample or two."""
    fp32, tf32 = network.run("fp32"), network.run("tf32")
    found = measured(network, (fp32 + (tf32 - fp32) / 50).astype(np.float32))
    assert found.exactness == "inexact"
    assert 8 < found.ratio < 256


def test_one_sample_in_tf32_is_not_fp32(network: Network) -> None:
    mixed = network.run("fp32")
    mixed[3] = network.run("tf32")[3]
    assert measured(network, mixed).exactness != "fp32"


def test_the_gravest_output_counts(network: Network) -> None:
    paddle, oracle = network.run("fp32"), network.run("float64")
    found = measure(
        {"a": paddle, "b": network.run("tf32")}, {"a": paddle, "b": paddle}, {"a": oracle, "b": oracle}, USUAL
    )
    assert found["a"].exactness == "fp32"
    assert worst(found) is found["b"]


def test_probabilities_are_compared_by_their_logarithms() -> None:
    """TF32 hides in probabilities: nearly all of them are small."""
    network = Network.of(0)

    def softmax(logits: np.ndarray) -> np.ndarray:
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    paddle, tf32, oracle = (softmax(3 * network.run(how)) for how in ("fp32", "tf32", "float64"))
    found = measure({"p": tf32}, {"p": paddle}, {"p": oracle}, USUAL, {"p": "probabilities"})
    assert found["p"].exactness == "tf32"


def test_what_cannot_be_compared_is_said() -> None:
    values = np.ones((2, 3), np.float32)
    with pytest.raises(Incomparable, match="its outputs are a, and the program's b"):
        measure({"a": values}, {"b": values}, {"b": values}, USUAL)
    with pytest.raises(Incomparable, match=r"its output b is \[2, 2\], and the program's \[2, 3\]"):
        measure({"b": values[:, :2]}, {"b": values}, {"b": values}, USUAL)
    with pytest.raises(Incomparable, match="holds NaN"):
        measure({"b": values * np.nan}, {"b": values}, {"b": values}, USUAL)


def test_fp16_values_are_recognised() -> None:
    logits = Network.of(1).run("fp32")
    assert is_fp16(logits.astype(np.float16))
    assert not is_fp16(logits)
    assert not is_fp16(np.array([1e30], np.float32))
