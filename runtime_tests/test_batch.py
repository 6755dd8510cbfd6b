"""More than one sample in a call: fixed at export, or left open, for a model of each family."""

import json
from pathlib import Path

import pytest

from conftest import Edgekit

pytestmark = pytest.mark.toolchain

# Where the architecture allows it, a small picture: what is looked at is the batch.
MODELS = {
    "MixNet_S": 64,
    "DenseNet121": 64,
    "DPN68": 64,
    "pcpvt_small": 64,
    "ResNet18_vd": 64,
    "HRNet_W18_C": 64,
}


@pytest.mark.parametrize(("model", "size"), MODELS.items())
def test_one_and_four_samples_in_a_call(edgekit: Edgekit, tmp_path: Path, model: str, size: int) -> None:
    """An open batch is verified with calls of one and of four samples in turn."""
    answer = edgekit(
        "convert", model, "-w", "synthetic:0", "-t", "onnx,openvino,lite", "--batch", "dynamic",
        "--input-size", size, "--verify", "--json", "-o", tmp_path,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    statuses = {(check["target"], check["variant"]): check["verdict"]["status"] for check in document["checks"]}
    assert statuses == {
        ("onnx", ""): "passed", ("openvino", ""): "passed", ("lite", "x86"): "passed", ("lite", "ARM"): "not run",
    }  # fmt: skip
    assert document["conversions"][0]["manifest"]["inputs"][0]["shape"] == [-1, 3, size, size]


def test_a_fixed_batch_of_four(edgekit: Edgekit, tmp_path: Path) -> None:
    answer = edgekit(
        "convert", "ResNet18", "-w", "synthetic:0", "-t", "onnx,openvino,lite", "--batch", "4", "--input-size", "64",
        "--verify", "--json", "-o", tmp_path,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    figures = [check["verdict"]["outputs"] for check in document["checks"] if check["variant"] != "ARM"]
    assert [one["logits"]["samples"] for one in figures] == [12, 12, 12]
    assert document["conversions"][0]["manifest"]["inputs"][0]["shape"] == [4, 3, 64, 64]


@pytest.mark.parametrize("batch", ["4", "dynamic"])
def test_ncnn_has_no_batch(edgekit: Edgekit, tmp_path: Path, batch: str) -> None:
    answer = edgekit(
        "convert", "MixNet_S", "-w", "demo", "-t", "ncnn", "--batch", batch, "-o", tmp_path,
    )  # fmt: skip
    assert answer.returncode == 2
    assert "ncnn has no batch dimension" in answer.stderr
    assert "Convert it with batch 1" in answer.stderr
