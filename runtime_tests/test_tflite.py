"""The target tflite, by the command line: a model is verified, damage is seen, and photos are prepared for it."""

import json
import shutil
from pathlib import Path

import pytest

from conftest import Edgekit
from edgekit.artifact.load import load_artifact
from edgekit.inputs.golden import bundled_photos
from runtime_tests.test_convert_and_verify import seal_again
from tests.converters.tflite.damage import scale_one_channel

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def converted(edgekit: Edgekit, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """MixNet_S on tflite, verified."""
    out = tmp_path_factory.mktemp("tflite")
    answer = edgekit("convert", "MixNet_S", "-w", "demo", "-t", "tflite", "--verify", "--json", "--out", out)
    assert answer.returncode == 0, answer.stderr
    return out / "MixNet_S" / "tflite", json.loads(answer.stdout)


def test_it_computes_what_the_program_does_and_stores_nothing_else(converted: tuple[Path, dict]) -> None:
    (check,) = [one for one in converted[1]["checks"] if one["target"] == "tflite"]
    figures = check["verdict"]["outputs"]["logits"]
    assert check["verdict"]["status"] == "passed"
    assert 0 < figures["against_oracle"]["max_relative"] < 1e-5
    assert figures["top1_agreement_photos"] == 1.0
    assert check["ledger"]["stored"] > 100
    assert (check["ledger"]["unexplained_count"], check["ledger"]["unused_count"]) == (0, 0)


def test_the_manifest_says_that_channels_come_last(converted: tuple[Path, dict]) -> None:
    (image,) = load_artifact(converted[0]).manifest.inputs
    assert (image.shape, image.layout, image.program_shape) == ((1, 64, 64, 3), "NHWC", (1, 3, 64, 64))


def test_one_channel_scaled_by_one_percent_fails(
    edgekit: Edgekit, converted: tuple[Path, dict], tmp_path: Path
) -> None:
    folder = tmp_path / "tflite"
    shutil.copytree(converted[0], folder)
    weight = scale_one_channel(folder / "MixNet_S.tflite")
    seal_again(folder)
    answer = edgekit("verify", folder, "--json", "--no-diagnose")
    assert answer.returncode == 1, answer.stderr
    (check,) = json.loads(answer.stdout)["checks"]
    assert check["verdict"]["status"] == "failed"
    assert [one["name"] for one in check["ledger"]["unexplained"]] == [weight]


def test_fp16_is_verified(edgekit: Edgekit, tmp_path: Path) -> None:
    arguments = ("-w", "demo", "-t", "tflite", "--precision", "fp16", "--verify", "--json", "--out", tmp_path)
    answer = edgekit("convert", "MixNet_S", *arguments)
    assert answer.returncode == 0, answer.stderr
    (check,) = [one for one in json.loads(answer.stdout)["checks"] if one["target"] == "tflite"]
    assert check["verdict"]["status"] == "passed"
    assert (tmp_path / "MixNet_S" / "tflite-fp16" / "MixNet_S.tflite").stat().st_size < 6e6


def test_a_photo_is_named_by_its_artifact(edgekit: Edgekit, converted: tuple[Path, dict]) -> None:
    photo = bundled_photos()[0].path
    answer = edgekit("predict", converted[0], photo, "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["photos"]


def test_an_open_batch_is_refused_with_a_reason(edgekit: Edgekit, tmp_path: Path) -> None:
    answer = edgekit("convert", "MixNet_S", "-w", "demo", "-t", "tflite", "--batch", "dynamic", "--out", tmp_path)
    assert answer.returncode == 2, answer.stderr
    assert "are not fixed" in " ".join(answer.stderr.split())
