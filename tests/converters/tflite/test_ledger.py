"""What a TFLite file stores is accounted for, and what was changed in it is not."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.ledger.account import Account, Explanations

from tests.converters.lib.ledger.programs import folded, small_program
from tests.converters.loading import load, load_own
from tests.converters.tflite.small_models import convolution

parameters = load_own("tflite", "parameters")
StoredModel = load("tflite", "stored_model").StoredModel


def account_of(explanations: Explanations, folder: Path, *stored: np.ndarray, halves: bool = False) -> Account:
    file = convolution(*stored, halves=halves).write(folder / "m.tflite")
    return explanations.account(parameters.stored_in(StoredModel.read(file)))


@pytest.fixture(scope="module")
def explanations() -> Explanations:
    return Explanations(*small_program())


@pytest.fixture
def healthy() -> list[np.ndarray]:
    _, values = small_program()
    return [*folded(values), values["fc.w"].copy()]


def test_turned_and_folded_weights_are_explained(explanations, healthy, tmp_path: Path) -> None:
    found = account_of(explanations, tmp_path, *healthy)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained == {
        "batch norm folded into, transposed": 1, "batch norm and bias of": 1, "the same as": 1,
    }  # fmt: skip


def test_halves_are_explained(explanations, healthy, tmp_path: Path) -> None:
    found = account_of(explanations, tmp_path, *healthy, halves=True)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained["batch norm folded into, transposed, rounded to FP16"] == 1


@pytest.mark.parametrize("halves", [False, True])
def test_a_channel_off_by_a_hundredth_is_named_with_its_layer(explanations, healthy, tmp_path: Path, halves) -> None:
    healthy[0][1] *= np.float32(1.01)
    (unexplained,) = account_of(explanations, tmp_path, *healthy, halves=halves).unexplained
    assert (unexplained.name, unexplained.layer) == ("w", "CONV_2D c")


def test_zeros_stand_for_no_bias_and_hide_none(tmp_path: Path) -> None:
    program, _ = small_program(bias=False)
    del program.blocks[0].ops[1:]
    random = np.random.default_rng(0)
    weight, product = (random.standard_normal(shape).astype(np.float32) for shape in ((20, 3, 3, 3), (20, 4)))
    alone = Explanations(program, {"conv.w": weight, "fc.w": product})
    found = account_of(alone, tmp_path, weight, np.zeros(20, np.float32), product)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained["zeros for no bias"] == 1


def test_a_bias_that_became_zeros_is_missing(explanations, healthy, tmp_path: Path) -> None:
    healthy[1][:] = 0
    assert account_of(explanations, tmp_path, *healthy).unused == ["bn.bias", "bn.mean", "conv.b"]


def test_zeros_that_are_not_added_are_unexplained(explanations, healthy, tmp_path: Path) -> None:
    healthy[2][:] = 0
    found = account_of(explanations, tmp_path, *healthy)
    assert [one.name for one in found.unexplained] == ["p"]
