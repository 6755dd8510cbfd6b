"""Inputs that are no squares or not of three channels, by the command line, on the real toolchains."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from conftest import Edgekit
from edgekit.artifact.load import read_manifest
from edgekit.inputs import Preprocessing
from edgekit.inputs.prepare import preprocess

pytestmark = pytest.mark.toolchain

ALL = {"lite x86": "passed", "lite ARM": "not run", "ncnn": "passed", "onnx": "passed", "openvino": "passed"}
# PaddleClas's order is [width, height].
STRETCHED = """
PreProcess:
  transform_ops:
  - ResizeImage: {size: [160, 80]}
  - NormalizeImage: {scale: 0.00392157, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], order: '', channel_num: 3}
  - ToCHWImage:
"""  # noqa: E501


def statuses(answer: Any) -> dict[str, str]:
    return {
        f"{check['target']} {check['variant']}".strip(): check["verdict"]["status"]
        for check in json.loads(answer.stdout)["checks"]
    }


def converted(edgekit: Edgekit, out: Path, *arguments: object) -> dict[str, str]:
    answer = edgekit("convert", *arguments, "--verify", "--json", "-o", out)
    assert answer.returncode == 0, answer.stderr
    return statuses(answer)


def test_a_text_line_of_80_x_160(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(foreign_models / "open", tmp_path / "textline")
    (folder / "inference.yml").write_text(STRETCHED)
    assert converted(edgekit, tmp_path, folder, "-t", "all") == ALL
    manifest = read_manifest(tmp_path / "textline" / "ncnn")
    assert manifest.inputs[0].shape == (1, 3, 80, 160)
    assert manifest.preprocessing == Preprocessing(resize="stretch", crop=(80, 160))
    # What travels with the artifact: the photo, prepared as the manifest says, is its first input.
    golden = load_file(tmp_path / "textline" / "ncnn" / "golden.safetensors")
    np.testing.assert_array_equal(golden["input/x"][0], preprocess(golden["photo"], manifest.preprocessing))


def test_a_size_is_asked_for_by_height_and_width(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    options = ["--name", "wide", "-t", "all", "--input-size", "48x96", "--resize", "letterbox"]
    assert converted(edgekit, tmp_path, foreign_models / "open", *options) == ALL
    manifest = read_manifest(tmp_path / "wide" / "onnx")
    assert manifest.preprocessing == Preprocessing(resize="letterbox", crop=(48, 96))

    refused = edgekit("convert", foreign_models / "wide", "-t", "onnx", "--input-size", "64", "-o", tmp_path)
    assert refused.returncode == 2
    assert "was exported for images of 32 x 64 px, and 64 x 64 are asked for" in refused.stderr


def test_one_channel(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    """Refused with a way out; the way out works."""
    unsaid = edgekit("convert", foreign_models / "grey", "-t", "onnx", "-o", tmp_path)
    assert unsaid.returncode == 2
    assert "takes 1 channel, and photos are prepared with 3 (RGB)" in unsaid.stderr
    said = ["--channel-order", "GRAY", "--mean", "0.5", "--std", "0.5"]
    assert f"as in {' '.join(said)}" in unsaid.stderr
    assert converted(edgekit, tmp_path, foreign_models / "grey", "-t", "all", *said) == ALL
    assert read_manifest(tmp_path / "grey" / "lite").preprocessing.input_size == (28, 28)


def test_four_channels(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('[preprocessing]\nchannel_order = "RGB0"\ncrop = [32, 40]\nresize_short = 40\n')
    options = ["-t", "all", "--recipe", recipe]
    assert converted(edgekit, tmp_path, foreign_models / "four", *options) == ALL
    assert read_manifest(tmp_path / "four" / "onnx").inputs[0].shape == (1, 4, 32, 40)


@pytest.mark.parametrize("model", ["wide", "grey"])
def test_normalisation_inside_the_model(edgekit: Edgekit, foreign_models: Path, tmp_path: Path, model: str) -> None:
    said = ["--channel-order", "GRAY", "--mean", "0.5", "--std", "0.5"] if model == "grey" else []
    options = ["-t", "onnx,openvino", "--embed-preprocessing", *said]
    found = converted(edgekit, tmp_path, foreign_models / model, *options)
    assert found == {"onnx": "passed", "openvino": "passed"}
    shape = read_manifest(tmp_path / model / "onnx-embedded").inputs[0].shape
    assert shape == ((1, 28, 28, 1) if model == "grey" else (1, 32, 64, 3))


def test_a_configuration_that_cannot_be_followed_and_its_way_out(
    edgekit: Edgekit, foreign_models: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(foreign_models / "open", tmp_path / "odd")
    (folder / "inference.yml").write_text("PreProcess: {transform_ops: [{FishEye: {}}]}")
    refused = edgekit("convert", folder, "-t", "onnx", "-o", tmp_path)
    assert refused.returncode == 2
    assert "--config none --recipe FILE" in refused.stderr
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        '[preprocessing]\nresize = "letterbox"\ncrop = [40, 64]\npad_value = 127.5\nmean = 0.5\nstd = 0.5\n'
    )
    found = converted(edgekit, tmp_path, folder, "-t", "onnx", "--config", "none", "--recipe", recipe)
    assert found == {"onnx": "passed"}
    expected = Preprocessing(resize="letterbox", crop=(40, 64), pad_value=127.5, mean=0.5, std=0.5)
    assert read_manifest(tmp_path / "odd" / "onnx").preprocessing == expected


def test_a_model_of_the_catalog(edgekit: Edgekit, tmp_path: Path) -> None:
    options = ["-w", "synthetic:0", "-t", "all", "--input-size", "64x96"]
    assert converted(edgekit, tmp_path, "ResNet18_vd", *options) == ALL
    assert read_manifest(tmp_path / "ResNet18_vd" / "ncnn").preprocessing.input_size == (64, 96)
    photo = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)).save(photo)
    answer = edgekit("predict", "ResNet18_vd", photo, "--target", "all", "--json", "-o", tmp_path)
    assert answer.returncode == 0, answer.stderr
