"""Models that take photos, by the command line, with the real toolchains."""

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from safetensors.numpy import load_file, save_file

from conftest import Converted, Edgekit, RunWorker
from edgekit.artifact.load import load_artifact
from edgekit.artifact.samples import run_options
from edgekit.pipeline.target import targets
from runtime_tests.test_convert_and_verify import seal_again

pytestmark = pytest.mark.toolchain

ARGUMENTS = ("convert", "MixNet_S", "-w", "demo", "-t", "onnx,openvino", "--embed-preprocessing", "--json")


@pytest.fixture(scope="module")
def photos(edgekit: Edgekit, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """MixNet_S with its preprocessing inside, verified."""
    out = tmp_path_factory.mktemp("photos")
    answer = edgekit(*ARGUMENTS, "--verify", "--out", out)
    assert answer.returncode == 0, answer.stderr
    return Converted(out, json.loads(answer.stdout))


@pytest.mark.parametrize("target", ["onnx", "openvino"])
def test_photos_give_what_the_program_gives(photos: Converted, target: str) -> None:
    check = photos.check(target)
    assert check["verdict"]["status"] == "passed"
    assert 0 < check["verdict"]["outputs"]["logits"]["against_oracle"]["max_relative"] < 1e-5
    manifest = load_artifact(photos.out / "MixNet_S" / f"{target}-embedded").manifest
    assert manifest.embedded_preprocessing
    assert [(spec.name, spec.shape, spec.dtype) for spec in manifest.inputs] == [("x", (1, 64, 64, 3), "uint8")]
    assert manifest.stages[-1].stage == f"{target}/embed.py"


@pytest.mark.parametrize("target", ["onnx", "openvino"])
def test_the_golden_file_alone_tests_the_model(
    photos: Converted, run_worker: RunWorker, tmp_path: Path, target: str
) -> None:
    """As a device would: its inputs through the runtime, its outputs beside the oracle's."""
    artifact = load_artifact(photos.out / "MixNet_S" / f"{target}-embedded")
    golden = load_file(artifact.folder / "golden.safetensors")
    assert golden["input/x"].dtype == np.uint8
    np.testing.assert_array_equal(golden["photo"].shape[2], 3)
    save_file({"x": golden["input/x"]}, tmp_path / "tensors.safetensors")
    files = artifact.by_role()
    inputs = {role: files[file].path for role, file in targets()[target].description.variants[0].inputs.items()}
    _, output = run_worker(
        f"{target}/run.py", {**inputs, "tensors": tmp_path / "tensors.safetensors"}, run_options(artifact)
    )
    logits = load_file(output / "outputs.safetensors")["logits"]
    assert np.abs(logits - golden["oracle/logits"]).max() < 1e-5 * np.abs(golden["oracle/logits"]).max()


def test_a_second_conversion_changes_nothing(edgekit: Edgekit, photos: Converted) -> None:
    before = {path: path.stat().st_mtime_ns for path in photos.out.rglob("*") if path.is_file()}
    answer = edgekit(*ARGUMENTS, "--out", photos.out)
    assert [one["unchanged"] for one in json.loads(answer.stdout)["conversions"]] == [True, True]
    assert load_artifact(photos.out / "MixNet_S" / "onnx-embedded").manifest.verdicts[0].verdict.passed
    assert {path: path.stat().st_mtime_ns for path in photos.out.rglob("*") if path.is_file()} == before


def test_a_mean_in_the_wrong_order_fails(edgekit: Edgekit, photos: Converted, tmp_path: Path) -> None:
    answer = edgekit(*ARGUMENTS, "--out", tmp_path)
    assert answer.returncode == 0
    folder = tmp_path / "MixNet_S" / "onnx-embedded"
    model = onnx.load(folder / "MixNet_S.onnx")
    mean = next(one for one in model.graph.initializer if re.fullmatch(r"embedded_preprocessing_\d+_sub_by", one.name))
    mean.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(mean)[::-1].copy(), mean.name))
    onnx.save(model, folder / "MixNet_S.onnx")
    seal_again(folder)
    answer = edgekit("verify", folder, "--json")
    assert answer.returncode == 1, answer.stderr
    assert json.loads(answer.stdout)["checks"][0]["verdict"]["status"] == "failed"


def test_targets_without_a_place_for_it_are_refused(edgekit: Edgekit, tmp_path: Path) -> None:
    answer = edgekit("convert", "MixNet_S", "-w", "demo", "-t", "all", "--embed-preprocessing", "--out", tmp_path)
    assert answer.returncode == 2
    assert "--embed-preprocessing is not possible for lite, ncnn" in " ".join(answer.stderr.split())
    assert list(tmp_path.iterdir()) == []
