"""What a quantised ONNX model stores is accounted for, and a changed scale, order of scales or zero point is not."""

import numpy as np
import pytest
from edgeworker.ledger.account import Account, Explanations

from tests.converters.lib.ledger.programs import small_program
from tests.converters.loading import load_own
from tests.converters.onnx.qdq_graphs import quantised_graph
from tests.converters.quantised import Numbers

parameters = load_own("onnx", "parameters")


def recorded(numbers: Numbers) -> dict[str, np.ndarray]:
    return {name: np.atleast_1d(value) for name, value in numbers.values.items() if name.endswith(("_scale", "_zero"))}


@pytest.fixture(scope="module")
def explanations() -> Explanations:
    return Explanations(*small_program(), chosen=recorded(Numbers.with_number(np.uint8)))


def account_of(numbers: Numbers, explanations: Explanations) -> Account:
    return explanations.account(parameters.stored_in(quantised_graph(numbers)))


def test_every_integer_and_every_scale_is_explained(explanations: Explanations) -> None:
    found = account_of(Numbers.healthy(), explanations)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained == {
        "batch norm folded into, in 8 bits": 1,
        "batch norm and bias of, in 32 bits": 1,
        "the same as, in 8 bits": 1,
        "as the quantisation chose it": 10,
    }


@pytest.mark.parametrize("seed", range(100))
def test_a_corrupted_scale_swapped_scales_and_a_wrong_zero_point_are_found(
    seed: int, explanations: Explanations
) -> None:
    numbers = Numbers.healthy()
    what = numbers.damaged(seed)
    found = account_of(numbers, explanations)
    name = what.split(" of ")[1]
    assert name in [one.name for one in found.unexplained], what


@pytest.mark.parametrize("name", ["w_scale", "b_scale", "p_scale"])
def test_a_wrong_scale_of_integers_is_found_though_the_record_has_it_too(name: str) -> None:
    """What the quantiser itself got wrong: the record agrees with the file, and the program does not."""
    numbers = Numbers.healthy()
    numbers.values[name] = numbers.values[name] * np.float32(1.05)
    found = account_of(numbers, Explanations(*small_program(), chosen=recorded(numbers)))
    assert found.unexplained
    assert all(one.fault for one in found.unexplained)


def test_a_biass_scale_is_its_inputs_times_its_weights() -> None:
    numbers = Numbers.healthy()
    numbers.values["x_scale"] = np.array(np.float32(0.03))
    (wrong,) = account_of(numbers, Explanations(*small_program(), chosen=recorded(numbers))).unexplained
    assert (wrong.name, wrong.fault) == ("b", "its scale is not that of the input times that of the weight")


@pytest.mark.parametrize("places", [1, 2])
def test_a_changed_integer_is_found(places: int, explanations: Explanations) -> None:
    numbers = Numbers.healthy()
    changed = numbers.values["w"].copy()
    changed.flat[7] += places if changed.flat[7] < 100 else -places
    numbers.values["w"] = changed
    (wrong,) = account_of(numbers, explanations).unexplained
    assert (wrong.name, wrong.fault) == (
        "w",
        "times its scale it is no parameter of the program, to within half a step",
    )


def test_without_a_record_no_scale_is_believed() -> None:
    found = account_of(Numbers.healthy(), Explanations(*small_program()))
    assert len(found.unexplained) == 10
    assert {one.fault for one in found.unexplained} == {"the record of the quantisation does not have it"}


def test_a_number_of_an_operator_is_explained(explanations: Explanations) -> None:
    found = account_of(Numbers.with_number(np.uint8), explanations)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained["a number of the operators, in 8 bits"] == 1


@pytest.mark.parametrize(
    "change", [{"k": 254}, {"k": 0}, {"k": 51}, {"k_zero": 1}, {"k_scale": 1.02}, {"k_scale": 2.1}]
)
def test_another_number_is_found_though_the_record_has_its_scale_too(change: dict[str, float]) -> None:
    """Zero and small integers are near numbers of the program, and too coarse for them."""
    numbers = Numbers.with_number(np.uint8)
    for name, value in change.items():
        before = numbers.values[name]
        numbers.values[name] = before * np.float32(value) if name == "k_scale" else np.array(value, before.dtype)
    (wrong,) = account_of(numbers, Explanations(*small_program(), chosen=recorded(numbers))).unexplained
    assert (wrong.name, wrong.fault) == (
        "k",
        "times its scale it is no parameter of the program, to within half a step",
    )


@pytest.mark.parametrize("seed", range(100))
def test_no_damage_beside_a_number_passes(seed: int, explanations: Explanations) -> None:
    numbers = Numbers.with_number(np.uint8)
    what = numbers.damaged(seed)
    found = account_of(numbers, explanations)
    assert what.split(" of ")[1] in [one.name for one in found.unexplained], what
