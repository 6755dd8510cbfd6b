"""The guide from PyTorch: its commands on weights that torchvision would save, and PyTorch's answer at their end."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from conftest import ROOT
from edgekit.artifact.load import read_manifest
from edgekit.classes import prepared
from edgekit.inputs.images import load_image
from tests.docs.desk import PHOTOS, Desk, commands_of
from tests.docs.torchvision_resnet import ResNet18

RENAME = ROOT / "examples" / "from_pytorch" / "rename_resnet.py"
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
SIDE, CLASSES = 224, 5


@pytest.fixture(scope="module")
def network() -> ResNet18:
    """Settled on what no test asks it about: noise."""
    return ResNet18(CLASSES, np.random.default_rng(1).standard_normal((1, 3, SIDE, SIDE)).astype(np.float32))


def rename(before: Path, after: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, RENAME, before, after], capture_output=True, text=True, check=False)


def test_every_tensor_keeps_its_values(network: ResNet18, tmp_path: Path) -> None:
    save_file(network.weights, tmp_path / "before.safetensors")
    assert rename(tmp_path / "before.safetensors", tmp_path / "after.safetensors").returncode == 0
    after = load_file(tmp_path / "after.safetensors")
    before = {name: value for name, value in network.weights.items() if not name.endswith("tracked")}
    assert len(after) == len(before) + 5  # of the shortcut that changes nothing
    assert np.array_equal(after["fc.weight"], before["fc.weight"].T)
    assert np.array_equal(after["stem.0.bn._variance"], before["bn1.running_var"])
    assert np.array_equal(after["blocks.7.conv1.conv.weight"], before["layer4.1.conv2.weight"])
    assert np.array_equal(after["blocks.2.short.bn._mean"], before["layer2.0.downsample.1.running_mean"])
    assert np.array_equal(after["blocks.0.short.conv.weight"][:, :, 0, 0], np.eye(64))


def test_a_deeper_network_has_the_names_of_its_blocks(tmp_path: Path) -> None:
    """ResNet50's names, which have a third convolution a block; as many as PaddleClas's ResNet50 has tensors."""
    norm = ("weight", "bias", "running_mean", "running_var")
    names = ["conv1.weight", *(f"bn1.{one}" for one in norm), "fc.weight", "fc.bias"]
    for stage, count in enumerate((3, 4, 6, 3), start=1):
        for block in range(count):
            layers = [(f"conv{number}", f"bn{number}") for number in (1, 2, 3)]
            layers += [("downsample.0", "downsample.1")] if block == 0 else []
            for conv, bn in layers:
                names += [f"layer{stage}.{block}.{one}" for one in (f"{conv}.weight", *(f"{bn}.{one}" for one in norm))]
    save_file({name: np.full((2, 2), at, np.float32) for at, name in enumerate(names)}, tmp_path / "before.safetensors")
    assert rename(tmp_path / "before.safetensors", tmp_path / "after.safetensors").returncode == 0
    after = load_file(tmp_path / "after.safetensors")
    assert len(after) == 267
    found = {name: names[int(value[0, 0])] for name, value in after.items()}
    assert found["blocks.12.conv2.conv.weight"] == "layer3.5.conv3.weight"
    assert found["blocks.13.short.bn._variance"] == "layer4.0.downsample.1.running_var"


@pytest.mark.parametrize("name", ["features.0.weight", "layer1.0.se.weight", "bn1.scale", "fc.weight.0"])
def test_another_network_is_refused_by_a_name(tmp_path: Path, name: str) -> None:
    save_file({name: np.zeros(3, np.float32)}, tmp_path / "before.safetensors")
    answer = rename(tmp_path / "before.safetensors", tmp_path / "after.safetensors")
    assert (answer.returncode, answer.stderr) == (1, f"{name} is no tensor of torchvision's ResNet\n")
    assert not (tmp_path / "after.safetensors").exists()


@pytest.mark.toolchain
def test_the_commands_work_in_order(network: ResNet18, session_cache: Path, tmp_path: Path) -> None:
    with Desk(tmp_path, session_cache, devices=False) as desk:
        save_file(network.weights, desk.folder / "resnet18.safetensors")
        *lines, last = commands_of("guides/from_pytorch.md")
        for line in lines:
            desk.run(line)
        assert "frog" not in desk.run(last)  # five classes without names
        answer = json.loads(desk.run(f"{last} --json"))
        manifest = read_manifest(desk.folder / "artifacts" / "ResNet18" / "onnx")
    spec = manifest.preprocessing
    assert (spec.resize_backend, spec.resize_short, spec.size_rounding) == ("pillow", 256, "floor")
    assert np.allclose(np.array(spec.mean), MEAN)
    assert np.allclose(np.array(spec.std), STD)
    logits = network(prepared(load_image(PHOTOS / "cat.png"), manifest)[None].astype(np.float64))[0]
    expected = np.exp(logits - logits.max())
    expected /= expected.sum()
    (classes,) = answer["photos"][0]["classes"].values()
    assert [one["index"] for one in classes] == list(np.argsort(-expected)[:3])
    assert [one["probability"] for one in classes] == pytest.approx(sorted(expected)[:-4:-1], abs=1e-5)
    assert expected.max() < 0.95  # a network that is sure of anything would hide an exchange
