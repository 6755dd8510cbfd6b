"""What a quantised TFLite file stores is accounted for, and a changed scale, order of scales or zero point is not."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.ledger.account import Account, Explanations

from tests.converters.lib.ledger.programs import small_program
from tests.converters.loading import load, load_own
from tests.converters.quantised import Numbers
from tests.converters.tflite.small_models import SmallModel

parameters = load_own("tflite", "parameters")
StoredModel = load("tflite", "stored_model").StoredModel
STORED = ("w", "b", "x", "y", "p")


def quantised_model(numbers: Numbers) -> SmallModel:
    """A convolution with its bias, and a product, in integers."""
    values = numbers.values

    def steps(name: str, axis: int = 0) -> dict:
        scale, zero = (np.atleast_1d(values[f"{name}_{what}"]) for what in ("scale", "zero"))
        return {"scale": scale.tolist(), "zero_point": [int(one) for one in zero], "axis": axis}

    model = SmallModel()
    model.computed("x", (1, 8, 8, 3), "int8", **steps("x"))
    model.computed("y", (1, 6, 6, 6), "int8", **steps("y"))
    model.computed("z", (1, 12))
    model.constant("w", np.ascontiguousarray(values["w"].transpose(0, 2, 3, 1)), **steps("w"))
    model.constant("b", values["b"], **steps("b"))
    model.constant("p", np.ascontiguousarray(values["p"].T), **steps("p"))
    model.add("CONV_2D", ["x", "w", "b"], "y")
    model.add("FULLY_CONNECTED", ["y", "p"], "z")
    if "k" in values:
        model.computed("scaled", (1, 1))
        model.constant("k", np.tile(values["k"], (1, 12)), **steps("k"))
        model.add("FULLY_CONNECTED", ["z", "k"], "scaled")
    return model


@pytest.fixture(scope="module")
def explanations() -> Explanations:
    healthy = Numbers.with_number(np.int8).values
    record = {
        f"{name}.{what}": np.atleast_1d(healthy[f"{name}_{short}"]).astype(kind)
        for name in (*STORED, "k")
        for what, short, kind in (("scale", "scale", np.float32), ("zero_point", "zero", np.int64))
    }
    return Explanations(*small_program(), chosen=record)


def account_of(numbers: Numbers, explanations: Explanations, folder: Path) -> Account:
    file = quantised_model(numbers).write(folder / "m.tflite", outputs=("z",))
    return explanations.account(parameters.stored_in(StoredModel.read(file)))


def test_every_integer_and_every_scale_is_explained(explanations: Explanations, tmp_path: Path) -> None:
    found = account_of(Numbers.healthy(), explanations, tmp_path)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained == {
        "batch norm folded into, transposed, in 8 bits": 1,
        "batch norm and bias of, in 32 bits": 1,
        "the same as, transposed, in 8 bits": 1,
        "as the quantisation chose it": 10,
    }


@pytest.mark.parametrize("seed", range(100))
def test_a_changed_number_is_found(seed: int, explanations: Explanations, tmp_path: Path) -> None:
    numbers = Numbers.healthy()
    changed = numbers.damaged(seed)
    assert account_of(numbers, explanations, tmp_path).unexplained, changed


def test_a_bias_in_other_steps_is_named(explanations: Explanations, tmp_path: Path) -> None:
    numbers = Numbers.healthy()
    numbers.values["b_scale"] = numbers.values["b_scale"] * np.float32(1.5)
    faults = {one.name: one.fault for one in account_of(numbers, explanations, tmp_path).unexplained}
    assert faults["b"] == "its scale is not that of the input times that of the weight"
    assert faults["b.scale"] == "it is not what the quantisation chose"


def test_zeros_for_no_bias_are_none_in_any_steps(explanations: Explanations, tmp_path: Path) -> None:
    numbers = Numbers.healthy()
    numbers.values["b"] = np.zeros_like(numbers.values["b"])
    found = account_of(numbers, explanations, tmp_path)
    assert found.unexplained == []
    # A bias that was lost is missing all the same.
    assert found.unused == ["bn.bias", "bn.mean", "conv.b"]


def test_numbers_of_an_operator_are_explained_and_others_are_not(explanations: Explanations, tmp_path: Path) -> None:
    """As the weights of a layer: nothing else that a layer in INT8 computes with is stored."""
    numbers = Numbers.with_number(np.int8)
    found = account_of(numbers, explanations, tmp_path)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained["a number of the operators, in 8 bits"] == 1
    numbers.values["k"] -= np.int8(1)
    (wrong,) = account_of(numbers, explanations, tmp_path).unexplained
    assert (wrong.name, wrong.fault) == (
        "k",
        "times its scale it is no parameter of the program, to within half a step",
    )
