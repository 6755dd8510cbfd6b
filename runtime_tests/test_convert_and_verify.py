"""The main job, by the command line, with the real toolchains."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from conftest import Converted, Edgekit
from edgekit.artifact.load import load_artifact, read_manifest
from edgekit.artifact.manifest import FileRecord
from edgekit.artifact.write import update_manifest
from edgekit.filesystem.hashing import file_sha256
from tests.converters.lite import nb_patch
from tests.converters.loading import load
from tests.converters.ncnn import damage as ncnn_damage
from tests.converters.onnx import damage as onnx_damage
from tests.converters.openvino import damage as openvino_damage

pytestmark = pytest.mark.toolchain

RUNNABLE = [("onnx", ""), ("openvino", ""), ("ncnn", ""), ("lite", "x86")]


@pytest.mark.parametrize(("target", "variant"), RUNNABLE)
def test_every_target_computes_what_the_program_does(mixnet: Converted, target: str, variant: str) -> None:
    check = mixnet.check(target, variant)
    figures = check["verdict"]["outputs"]["logits"]
    assert check["verdict"]["status"] == "passed"
    assert figures["samples"] == 10
    assert figures["classes"] == 10
    assert 0 < figures["against_oracle"]["max_relative"] < 1e-5
    assert 0 < figures["noise"]["max_relative"] < 1e-5
    assert figures["against_oracle"]["snr_db"] > 100
    assert figures["top1_agreement_photos"] == 1.0
    assert 0.1 < check["latency"]["p50_ms"] <= check["latency"]["p95_ms"] < 5000
    assert 1e7 < check["peak_memory_bytes"] < 4e9


def test_the_arm_file_is_inspected_and_not_called_passed(mixnet: Converted) -> None:
    check = mixnet.check("lite", "ARM")
    assert check["verdict"]["status"] == "not run"
    assert check["verdict"]["reason"].startswith("needs an ARM device; ")
    assert check["latency"] is None


def test_a_manifest_leads_from_weights_to_verdict(mixnet: Converted) -> None:
    manifest = load_artifact(mixnet.out / "MixNet_S" / "ncnn").manifest
    assert manifest.weights.kind == "demo"
    assert len(manifest.weights.sha256) == 64
    assert manifest.stages[0].tools["paddlepaddle"] == "2.6.2"
    assert manifest.stages[-1].tools["pnnx"] == "20261020"
    assert [(spec.name, spec.target_name, spec.shape) for spec in manifest.inputs] == [("x", "in0", (1, 3, 64, 64))]
    assert [(spec.name, spec.target_name) for spec in manifest.outputs] == [("logits", "out0")]
    assert set(manifest.files) == {"MixNet_S.ncnn.param", "MixNet_S.ncnn.bin"}
    assert manifest.preprocessing.input_size == (64, 64)
    assert manifest.verdicts[0].verdict.passed


def test_an_unchanged_model_takes_under_a_second_of_work(edgekit: Edgekit, mixnet: Converted) -> None:
    """No stage runs again and no file is written; the timing itself is in benchmarks/."""
    nb = mixnet.out / "MixNet_S" / "lite" / "MixNet_S.x86.nb"
    before = nb.stat().st_mtime_ns
    answer = edgekit("convert", "MixNet_S", "-w", "demo", "-t", "all", "--out", mixnet.out, "--json")
    assert answer.returncode == 0
    document = json.loads(answer.stdout)
    assert [one["unchanged"] for one in document["conversions"]] == [True] * 4
    assert nb.stat().st_mtime_ns == before
    assert "✓" not in answer.stderr


def test_convert_to_lite_works_offline_and_says_which_weights(edgekit: Edgekit, tmp_path: Path) -> None:
    answer = edgekit("convert", "mixnet-s", "--target", "lite", "--offline", "--out", tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "MixNet_S" / "lite" / "MixNet_S.arm.nb").stat().st_size > 5e6
    assert (tmp_path / "MixNet_S" / "lite" / "manifest.json").exists()
    assert "official weights of MixNet_S are not to be had" in " ".join(answer.stderr.split())
    assert load_artifact(tmp_path / "MixNet_S" / "lite").manifest.weights.kind == "demo"


def test_the_table_fits_a_terminal_and_names_everything(edgekit: Edgekit, mixnet: Converted) -> None:
    answer = edgekit("verify", "MixNet_S", "--out", mixnet.out)
    assert answer.returncode == 0, answer.stderr
    assert max(map(len, answer.stdout.splitlines())) <= 80
    for word in (
        "onnx",
        "openvino",
        "ncnn",
        "lite x86",
        "lite ARM",
        "passed",
        "not run",
        ".ncnn.bin",
        "paddlelite 2.13rc0",
    ):
        assert word in answer.stdout, word
    assert "…" not in answer.stdout.replace("MixNet_S…", "")


def scale_in_nb(file: Path) -> None:
    """Scale output channel 0 of the first convolution in a `.nb`."""
    model = load("lite", "nb_format").read_nb(file)
    convolution = next(operator for operator in model.operators if "conv2d" in operator.type)
    weight = model.parameters[convolution.inputs["Filter"][0]]
    nb_patch.scale_channel(file, file, weight.offset, weight.values, channel=0, factor=1.01)


DAMAGES: dict[tuple[str, str], Callable[[Path], object]] = {
    ("onnx", ""): lambda folder: onnx_damage.scale_one_channel(folder / "MixNet_S.onnx"),
    ("openvino", ""): lambda folder: openvino_damage.scale_one_channel(
        folder / "MixNet_S.xml", folder / "MixNet_S.bin"
    ),
    ("ncnn", ""): lambda folder: ncnn_damage.scale_one_channel(
        folder / "MixNet_S.ncnn.param", folder / "MixNet_S.ncnn.bin"
    ),
    ("lite", "x86"): lambda folder: scale_in_nb(folder / "MixNet_S.x86.nb"),
    ("lite", "ARM"): lambda folder: scale_in_nb(folder / "MixNet_S.arm.nb"),
}


@pytest.mark.parametrize(("target", "variant"), DAMAGES)
def test_one_channel_scaled_by_one_percent_fails(
    edgekit: Edgekit, mixnet: Converted, tmp_path: Path, target: str, variant: str
) -> None:
    folder = tmp_path / target
    shutil.copytree(mixnet.out / "MixNet_S" / target, folder)
    DAMAGES[target, variant](folder)
    seal_again(folder)
    answer = edgekit("verify", folder, "--json", "--no-diagnose")
    assert answer.returncode == 1, answer.stderr
    verdicts = {one["variant"]: one["verdict"] for one in json.loads(answer.stdout)["checks"]}
    assert verdicts[variant]["status"] == "failed"
    assert verdicts[variant]["reason"]


def test_a_changed_file_is_never_run(edgekit: Edgekit, mixnet: Converted, tmp_path: Path) -> None:
    folder = tmp_path / "onnx"
    shutil.copytree(mixnet.out / "MixNet_S" / "onnx", folder)
    onnx_damage.scale_one_channel(folder / "MixNet_S.onnx")
    answer = edgekit("verify", folder)
    assert answer.returncode == 2
    assert "MixNet_S.onnx has been changed: its SHA-256 is" in answer.stderr
    assert answer.stdout == ""


def test_verify_without_artifacts_says_what_to_run(edgekit: Edgekit, tmp_path: Path) -> None:
    answer = edgekit("verify", "ResNet50", "--out", tmp_path)
    assert answer.returncode == 3
    assert "edgekit convert ResNet50 --target all" in answer.stderr


@pytest.mark.parametrize("model", ["ResNet50", "DenseNet121"])
def test_larger_models_convert_and_verify(edgekit: Edgekit, tmp_path: Path, model: str) -> None:
    answer = edgekit("convert", model, "-w", "synthetic:0", "-t", "all", "--verify", "--json", "--out", tmp_path)
    assert answer.returncode == 0, answer.stderr
    checks = json.loads(answer.stdout)["checks"]
    statuses = {(one["target"], one["variant"]): one["verdict"]["status"] for one in checks}
    assert statuses == {**dict.fromkeys(RUNNABLE, "passed"), ("lite", "ARM"): "not run"}


def seal_again(folder: Path) -> None:
    """Write the files' present hashes into the manifest, as a faulty converter would have."""
    manifest = read_manifest(folder)
    files = {
        name: FileRecord(file_sha256(folder / name), (folder / name).stat().st_size, record.role)
        for name, record in manifest.files.items()
    }
    update_manifest(folder, msgspec.structs.replace(manifest, files=files, verdicts=()))
