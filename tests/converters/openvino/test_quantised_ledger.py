"""What quantised IR stores is accounted for, and a changed scale, order of scales, zero point or range is not."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.ledger.account import Account, Explanations
from edgeworker.protocol import Request
from safetensors.numpy import load_file, save_file

from tests.converters.lib.ledger.programs import folded, small_program
from tests.converters.loading import load_own
from tests.converters.openvino.ir_files import quantised_ir
from tests.converters.quantised import Numbers

parameters = load_own("openvino", "parameters")

BIAS = folded(small_program()[1])[1]
CORRECTED = (BIAS + np.float32(0.003)).astype(np.float32)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the quantisation chose, as its worker leaves it."""
    folder = tmp_path_factory.mktemp("record")
    files = quantised_ir(Numbers.healthy(), CORRECTED).write(folder)
    found = {one.name: one for one in parameters.constants(files["model"], files["weights"])}
    chosen = {
        name: np.ascontiguousarray(one.values)
        for name, one in found.items()
        if "/fq/" in name or name.endswith("_scale") or name == "w_zero"
    }
    shape = (1, -1, 1, 1)
    corrected = {"b": CORRECTED.reshape(shape), "b.before": np.ascontiguousarray(BIAS.reshape(shape))}
    save_file({**chosen, **corrected}, folder / "quantisation.safetensors")
    return folder


@pytest.fixture(scope="module")
def explanations(record: Path) -> Explanations:
    return Explanations(*small_program(), chosen=load_file(record / "quantisation.safetensors"))


def account_of(numbers: Numbers, bias: np.ndarray, explanations: Explanations, folder: Path, record: Path) -> Account:
    files = quantised_ir(numbers, bias).write(folder)
    return explanations.account(parameters.stored(Request({**files, "chosen": record}, folder, {})))


def test_every_constant_is_explained(explanations: Explanations, tmp_path: Path, record: Path) -> None:
    found = account_of(Numbers.healthy(), CORRECTED, explanations, tmp_path, record)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained == {
        "batch norm folded into, in 8 bits": 1,
        "the same as, in 8 bits": 1,
        "batch norm and bias of, corrected": 1,
        "as the quantisation chose it": 11,
    }


@pytest.mark.parametrize("seed", range(100))
def test_a_corrupted_scale_swapped_scales_and_a_wrong_zero_point_are_found(
    seed: int, explanations: Explanations, tmp_path: Path, record: Path
) -> None:
    numbers = Numbers.healthy()
    for absent in ("b", "b_scale", "b_zero", "p_zero"):  # the IR has none of these
        del numbers.values[absent]
    what = numbers.damaged(seed)
    assert account_of(numbers, CORRECTED, explanations, tmp_path, record).unexplained, what


def test_a_number_of_an_operator_is_explained_and_another_is_not(tmp_path: Path, record: Path) -> None:
    numbers = Numbers.with_number(np.int8)
    chosen = {**load_file(record / "quantisation.safetensors"), "k_scale": np.atleast_1d(numbers.values["k_scale"])}
    explanations = Explanations(*small_program(), chosen=chosen)
    found = account_of(numbers, CORRECTED, explanations, tmp_path, record)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained["a number of the operators, in 8 bits"] == 1
    numbers.values["k"] -= np.int8(1)
    (wrong,) = account_of(numbers, CORRECTED, explanations, tmp_path, record).unexplained
    assert (wrong.name, wrong.fault) == (
        "k",
        "times its scale it is no parameter of the program, to within half a step",
    )


@pytest.mark.parametrize("bias", [BIAS, CORRECTED * np.float32(1.01), np.zeros_like(BIAS)])
def test_only_the_correction_that_was_made_is_one(
    bias: np.ndarray, explanations: Explanations, tmp_path: Path, record: Path
) -> None:
    (wrong,) = account_of(Numbers.healthy(), bias, explanations, tmp_path, record).unexplained
    assert (wrong.name, wrong.fault) == ("b", "it is not what the quantisation chose")


def test_what_was_corrected_must_have_been_the_programs(tmp_path: Path, record: Path) -> None:
    chosen = {**load_file(record / "quantisation.safetensors"), "b.before": CORRECTED.reshape(1, -1, 1, 1)}
    explanations = Explanations(*small_program(), chosen=chosen)
    (wrong,) = account_of(Numbers.healthy(), CORRECTED, explanations, tmp_path, record).unexplained
    assert wrong.fault == "before the quantisation corrected it it was no parameter of the program"


@pytest.fixture(scope="module")
def smoothed(record: Path) -> tuple[Explanations, Path]:
    """What explains a file with SmoothQuant's factors, and the folder of the record with them."""
    numbers = Numbers.smoothed().values
    folder = record / "smoothed"
    folder.mkdir()
    shapes = {"p_scale": (1, -1), "s_scale": (1, 1, -1)}
    own = {name: np.ascontiguousarray(numbers[name].reshape(shape)) for name, shape in shapes.items()}
    chosen = {**load_file(record / "quantisation.safetensors"), **own}
    save_file(chosen, folder / "quantisation.safetensors")
    return Explanations(*small_program(), chosen=chosen), folder


def test_a_weight_that_gave_factors_to_its_input_is_the_programs(smoothed, tmp_path: Path) -> None:
    explanations, record = smoothed
    found = account_of(Numbers.smoothed(), CORRECTED, explanations, tmp_path, record)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained["the same as, in 8 bits"] == 1
    assert found.explained["as the quantisation chose it"] == 12


@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_factor_and_whatever_else_changes_beside_it_is_found(seed: int, smoothed, tmp_path: Path) -> None:
    explanations, record = smoothed
    numbers = Numbers.smoothed()
    for absent in ("b", "b_scale", "b_zero", "p_zero"):  # the IR has none of these
        del numbers.values[absent]
    what = numbers.damaged(seed)
    assert account_of(numbers, CORRECTED, explanations, tmp_path, record).unexplained, what


@pytest.mark.parametrize("seed", range(100))
def test_an_integer_that_is_off_by_one_is_found_beside_factors(seed: int, smoothed, tmp_path: Path) -> None:
    explanations, record = smoothed
    numbers, random = Numbers.smoothed(), np.random.default_rng(seed)
    integers = numbers.values["p"].copy()
    place = random.integers(integers.size)
    integers.flat[place] += 1 if integers.flat[place] < 0 else -1
    numbers.values["p"] = integers
    (wrong,) = account_of(numbers, CORRECTED, explanations, tmp_path, record).unexplained
    assert (wrong.name, wrong.fault) == (
        "p",
        "times its scale it is no parameter of the program, to within half a step",
    )


def test_a_factor_that_the_record_does_not_have_explains_no_weight(smoothed, record: Path, tmp_path: Path) -> None:
    explanations, _ = smoothed
    names = {one.name for one in account_of(Numbers.smoothed(), CORRECTED, explanations, tmp_path, record).unexplained}
    assert {"p", "s_scale"} <= names
