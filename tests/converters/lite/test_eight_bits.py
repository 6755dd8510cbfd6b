"""INT8 for Paddle Lite: the ARM file has the program's integers and the steps that Paddle chose, the x86 file rounds as
it does, and nothing that was changed passes.
"""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.ledger.account import Account, Explanations
from edgeworker.protocol import Request
from safetensors.numpy import load_file, save_file

from edgekit.errors import ConversionError, UsageError
from tests.converters.lite import tiny_program
from tests.converters.lite.nb_patch import damaged_eight_bits
from tests.converters.loading import load, load_own

pytestmark = pytest.mark.toolchain
parameters = load_own("lite", "parameters")
compare = load_own("lite", "compare")
REWRITES = ["swish-beta", "exact-sigmoid", "declare-xshape"]
WEIGHTS = ("conv.w", "fc.w")


@pytest.fixture(scope="module")
def values() -> dict[str, np.ndarray]:
    """Values whose channels have scales of their own: those of the tiny program repeat."""
    random = np.random.default_rng(0)
    return {
        name: random.normal(0, 1, value.shape).astype(np.float32) for name, value in tiny_program.parameters().items()
    }


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Samples for the tiny program: `x` [20, 3, 8, 8]."""
    path = tmp_path_factory.mktemp("photos") / "photos.safetensors"
    save_file({"x": np.random.default_rng(1).normal(0, 1, (20, 3, 8, 8)).astype(np.float32)}, path)
    return path


@pytest.fixture(scope="module")
def program(values, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_program.save(tmp_path_factory.mktemp("tiny"), values=values)


@pytest.fixture(scope="module")
def quantised(run_worker, program: Path, photos: Path) -> Path:
    details, folder = run_worker("paddle/quantize.py", {"program": program, "calibration": photos}, {})
    assert details["quantised"] == {"conv2d": 1, "matmul_v2": 1}
    assert set(details["errors"]) == {"percentile", "mean", "largest"}
    assert details["build"] == {"calibration_method": min(details["errors"], key=details["errors"].get)}
    return folder


@pytest.fixture(scope="module")
def files(run_worker, quantised: Path) -> Path:
    return run_worker("lite/convert.py", {"program": quantised}, {"precision": "int8", "rewrites": REWRITES})[1]


@pytest.fixture(scope="module")
def explanations(values, quantised: Path) -> Explanations:
    return Explanations(tiny_program.build(), values, chosen=load_file(quantised / "quantisation.safetensors"))


def account_of(path: Path, explanations: Explanations) -> Account:
    return explanations.account(parameters.stored(Request({"model": path}, path.parent, {})))


def differences(arm: Path, x86: Path) -> list[str]:
    return compare.compare(Request({"arm": arm, "x86": x86}, arm.parent, {}))["differences"]


@pytest.mark.parametrize("target", ["arm", "x86"])
def test_every_integer_and_every_step_is_explained(target: str, files: Path, explanations: Explanations) -> None:
    found = account_of(files / f"model.{target}.nb", explanations)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained["the same as, in 8 bits"] == len(WEIGHTS)
    assert found.explained["as the quantisation chose it"] >= len(WEIGHTS)


def test_the_arm_file_multiplies_integers_and_the_x86_file_rounds_as_it_does(files: Path) -> None:
    model = load("lite", "nb_format").read_nb(files / "model.arm.nb")
    kernels = {operator.type: operator.kernel.precision for operator in model.operators if operator.kernel}
    assert kernels["conv2d"] == kernels["fc"] == "int8"
    assert {name: model.parameters[name].values.dtype.name for name in WEIGHTS} == dict.fromkeys(WEIGHTS, "int8")
    assert differences(files / "model.arm.nb", files / "model.x86.nb") == []


def test_the_x86_file_computes_what_paddle_computes_of_the_quantised_program(
    run_worker, quantised: Path, files: Path, photos: Path, program: Path
) -> None:
    """Paddle runs the operators that quantise as they are written, `opt`'s x86 file those that stand for them."""
    outputs = {}
    for worker, inputs in {
        "lite/run.py": {"model": files / "model.x86.nb"},
        "paddle/run_plain.py": {
            "model": quantised / "inference.pdmodel",
            "weights": quantised / "inference.pdiparams",
        },
    }.items():
        _, folder = run_worker(worker, {**inputs, "tensors": photos}, {"latency": None})
        outputs[worker] = load_file(folder / "outputs.safetensors")["logits"]
    exact = tiny_logits(program, load_file(photos)["x"])
    apart = np.abs(outputs["lite/run.py"] - outputs["paddle/run_plain.py"]).max()
    off = np.abs(outputs["lite/run.py"] - exact).max()
    assert apart < 1e-5 < 1e-3 < off < 0.1 * np.abs(exact).max()


def tiny_logits(program: Path, x: np.ndarray) -> np.ndarray:
    """What the tiny program with these values computes without any quantisation."""
    stored = load("lib/edgeworker", "paddle_graph").ProgramGraph.read(program).parameters
    original, tiny_program.parameters = tiny_program.parameters, lambda: dict(stored)
    try:
        return tiny_program.logits(x)
    finally:
        tiny_program.parameters = original


@pytest.mark.parametrize("seed", range(100))
def test_a_changed_step_swapped_scales_and_a_changed_integer_are_found(
    seed: int, files: Path, explanations: Explanations, tmp_path: Path
) -> None:
    """By the ledger of the ARM file; and beside the x86 file too."""
    what, content = damaged_eight_bits((files / "model.arm.nb").read_bytes(), seed)
    (tmp_path / "model.arm.nb").write_bytes(content)
    assert account_of(tmp_path / "model.arm.nb", explanations).unexplained, what
    assert differences(tmp_path / "model.arm.nb", files / "model.x86.nb"), what


def test_layers_stay_in_floating_point_by_the_names_of_their_weights(
    run_worker, program: Path, photos: Path, values
) -> None:
    inputs = {"program": program, "calibration": photos}
    details, quantised = run_worker("paddle/quantize.py", inputs, {"keep_float": ["fc.w"], "method": "largest"})
    assert details["quantised"] == {"conv2d": 1}
    assert details["build"] == {"calibration_method": "largest", "keep_float": ["fc.w"]}
    _, folder = run_worker("lite/convert.py", {"program": quantised}, {"precision": "int8", "rewrites": REWRITES})
    model = load("lite", "nb_format").read_nb(folder / "model.arm.nb")
    assert model.parameters["fc.w"].values.dtype == np.float32
    assert differences(folder / "model.arm.nb", folder / "model.x86.nb") == []
    with pytest.raises(UsageError, match=r"no layer fc\.v to keep in floating point"):
        run_worker("paddle/quantize.py", inputs, {"keep_float": ["fc.v"]})


def test_what_each_weight_costs_in_8_bits(run_worker, program: Path, photos: Path, quantised: Path) -> None:
    record = quantised / "quantisation.safetensors"
    inputs = {"program": program, "calibration": photos, f"quantised/{record.name}": record}
    details, _ = run_worker("paddle/rank.py", inputs, {"threads": 1, "photos": 4})
    costs = {layer["name"]: layer["snr_db"] for layer in details["layers"]}
    assert {layer["name"]: layer["type"] for layer in details["layers"]} == {"conv.w": "conv2d", "fc.w": "matmul_v2"}
    assert list(costs.values()) == sorted(costs.values())
    assert 20 < details["all_db"] < max(costs.values()) < 60


def test_photos_on_which_a_value_is_not_finite_are_refused(run_worker, program: Path, tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(0, 1, (20, 3, 8, 8)).astype(np.float32)
    values[3, 0, 0, 0] = np.inf
    save_file({"x": values}, tmp_path / "photos.safetensors")
    inputs = {"program": program, "calibration": tmp_path / "photos.safetensors"}
    with pytest.raises(ConversionError, match="is not finite on the calibration photos"):
        run_worker("paddle/quantize.py", inputs, {})
