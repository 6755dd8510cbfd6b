"""Labels, features and sure models through the command line: right files pass on every target, damaged ones fail."""

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import SHARED, Edgekit
from edgekit.artifact.load import load_artifact, read_manifest
from edgekit.artifact.manifest import FileRecord
from edgekit.artifact.write import update_manifest
from edgekit.filesystem.hashing import file_sha256
from edgekit.inputs.golden import bundled_photos
from tests.converters.onnx import damage as onnx_damage
from tests.converters.openvino import damage as openvino_damage

pytestmark = pytest.mark.toolchain

TARGETS = "lite,ncnn,onnx,openvino"


@pytest.fixture(scope="module", params=["labels", "one_label", "row", "features"])
def converted(request, edgekit: Edgekit, foreign_models: Path, tmp_path_factory) -> tuple[Path, dict[str, Any], str]:
    """One of the models on every target, verified: the output folder, the JSON and the model's name."""
    out = tmp_path_factory.mktemp("kinds")
    answer = edgekit("convert", foreign_models / request.param, "-t", TARGETS, "--verify", "--json", "-o", out)
    assert answer.returncode == 0, answer.stderr
    return out, json.loads(answer.stdout), request.param


def test_every_target_passes(converted: tuple[Path, dict[str, Any], str]) -> None:
    _, document, model = converted
    expected = {"labels": "sigmoid", "one_label": "sigmoid", "row": "probabilities", "features": "features"}[model]
    found = {(one["target"], one["variant"]): one["verdict"]["status"] for one in document["checks"]}
    assert found.pop(("lite", "ARM")) == "not run"
    assert found == {
        ("lite", "x86"): "passed",
        ("ncnn", ""): "passed",
        ("onnx", ""): "passed",
        ("openvino", ""): "passed",
    }
    (output,) = document["conversions"][0]["manifest"]["outputs"]
    assert output["kind"] == expected
    assert output["known_from"].startswith("the program ends in a ")
    record = document["conversions"][0]["manifest"]["model"]
    assert (record["class_count"], record["feature_count"]) == {
        "labels": (7, None), "one_label": (1, None), "row": (32, None), "features": (None, 32),
    }[model]  # fmt: skip
    figures = next(iter(document["checks"][-1]["verdict"]["outputs"].values()))
    agreement = {
        "sigmoid": "label_agreement_photos",
        "probabilities": "top1_agreement_photos",
        "features": "neighbour_agreement_photos",
    }[expected]
    assert figures[agreement] == 1.0


@pytest.mark.parametrize("target", ["onnx", "openvino"])
def test_one_channel_that_is_one_percent_off_fails(
    edgekit: Edgekit, converted: tuple[Path, dict[str, Any], str], target: str
) -> None:
    out, _, model = converted
    folder = out / model / target
    files = {record.role: folder / name for name, record in load_artifact(folder).manifest.files.items()}
    kept = {path: path.read_bytes() for path in files.values()}
    if target == "onnx":
        onnx_damage.scale_one_channel(files["model.onnx"])
    else:
        openvino_damage.scale_one_channel(files["model.xml"], files["model.bin"])
    manifest = read_manifest(folder)
    resigned = {
        name: FileRecord(file_sha256(folder / name), (folder / name).stat().st_size, record.role)
        for name, record in manifest.files.items()
    }
    from msgspec.structs import replace

    update_manifest(folder, replace(manifest, files=resigned))
    answer = edgekit("verify", folder, "--json", "--no-diagnose")
    for path, content in kept.items():
        path.write_bytes(content)
    update_manifest(folder, manifest)
    assert answer.returncode == 1, answer.stderr
    assert "is off by" in json.loads(answer.stdout)["checks"][0]["verdict"]["reason"]


def test_own_photos_are_the_golden_inputs_and_are_recorded(
    edgekit: Edgekit, converted: tuple[Path, dict[str, Any], str], tmp_path: Path
) -> None:
    out, _, model = converted
    photos = tmp_path / "my photos"
    photos.mkdir()
    for photo in bundled_photos()[:3]:
        (photos / photo.file).write_bytes(photo.path.read_bytes())
    answer = edgekit("verify", out / model / "onnx", "--golden", photos, "--json")
    assert answer.returncode == 0, answer.stderr
    (check,) = json.loads(answer.stdout)["checks"]
    assert check["samples"]["photos"] == 3
    assert next(iter(check["verdict"]["outputs"].values()))["samples"] == 5
    samples = read_manifest(out / model / "onnx").samples
    assert samples is not None
    assert samples.folder == str(photos)
    assert samples.files == {photo.file: photo.sha256 for photo in bundled_photos()[:3]}
    shown = edgekit("verify", out / model / "onnx", "--golden", photos)
    assert "Judged on 3 photos of" in shown.stdout
    assert {"labels": "7 labels", "one_label": "1 label", "row": "32 classes", "features": "32 features"}[
        model
    ] in shown.stdout
    # Without the flag, the bundled ones again.
    assert edgekit("verify", out / model / "onnx").returncode == 0
    again = read_manifest(out / model / "onnx").samples
    assert again is not None
    assert (again.photos, again.folder, again.files) == (8, None, {})


def test_what_the_user_says_counts_and_is_recorded(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    answer = edgekit(
        "convert", foreign_models / "logits", "-t", "onnx", "--output-kind", "features", "--verify", "--json",
        "-o", tmp_path,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    manifest = json.loads(answer.stdout)["conversions"][0]["manifest"]
    assert (manifest["outputs"][0]["kind"], manifest["outputs"][0]["known_from"]) == ("features", "--output-kind")
    wrong = edgekit("convert", foreign_models / "logits", "-t", "onnx", "--output-kind", "out=features", "-o", tmp_path)
    assert wrong.returncode == 2
    assert "has no output out. It has" in wrong.stderr


def test_photos_without_a_verification_are_a_usage_error(
    edgekit: Edgekit, foreign_models: Path, tmp_path: Path
) -> None:
    answer = edgekit("convert", foreign_models / "labels", "-t", "onnx", "--golden", SHARED, "-o", tmp_path)
    assert answer.returncode == 2
    assert "Add --verify." in answer.stderr
