"""Backbones of PaddleClas that do what the documented ones do not."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from tests.converters.paddle.conftest import CLASSES, architecture

pytestmark = pytest.mark.toolchain
WORKER = Path(__file__).with_name("dynamic_mode.py")
CONVERTERS = Path(__file__).parents[3] / "converters"


@pytest.fixture(scope="session")
def paddle_python(session_cache: Path) -> Path:
    """The Python of the toolchain's environment."""
    return ensure_environment(requirements_of(CONVERTERS / "paddle/export.py"), session_cache, print)


@pytest.fixture
def in_dynamic_mode(paddle_python, tmp_path):
    """What a network gives in dynamic mode; float32 [N, outputs]."""

    def run(name: str, weights: Path, images: np.ndarray, class_count: int = CLASSES) -> np.ndarray:
        save_file({"x": images}, tmp_path / "images.safetensors")
        request = {
            "inputs": {"weights": str(weights), "images": str(tmp_path / "images.safetensors")},
            "output": str(tmp_path),
            "options": {"architecture": architecture(name), "class_count": class_count},
        }
        (tmp_path / "request.json").write_text(json.dumps(request))
        subprocess.run(
            [
                paddle_python,
                Path(__file__).with_name("dynamic_mode.py"),
                tmp_path / "request.json",
                tmp_path / "r.json",
            ],
            env={"PYTHONPATH": f"{CONVERTERS / 'lib'}:{CONVERTERS / 'paddle'}"},
            check=True,
            capture_output=True,
        )
        return load_file(tmp_path / "logits.safetensors")["logits"]

    return run


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("ReXNet_1_0", 64),  # adds to a part of a tensor, which a call on static variables loses
        ("SqueezeNet1_1", 64),  # its classifier is a convolution
        ("MicroNet_M0", 64),  # reads indices that its constructor made; a batch norm behind the classifier
        ("LeViT_128S", 224),  # tables of positions; two classifiers
        ("PPLCNetV2_small", 64),  # branches that are folded
    ],
)
def test_the_program_computes_what_the_network_does(
    synthesize, export, run_program, in_dynamic_mode, noise, name, size
):
    weights = synthesize(name, size)
    details, program = export(name, weights, size)
    assert details["class_count"] == CLASSES
    images = noise(2, size)
    _, logits, exact = run_program(program, images)
    truth = in_dynamic_mode(name, weights, images)
    assert np.abs(exact - truth).max() < 1e-3 * np.abs(truth).max()
    assert np.abs(logits - exact).max() < 2e-3 * np.abs(exact).max()
    assert 0.2 < exact.std() < 10


def test_folded_branches_are_gone(export, synthesize):
    weights = synthesize("RepVGG_A0", 64)
    details, program = export("RepVGG_A0", weights, 64)
    assert (program / "inference.pdiparams").stat().st_size < 0.95 * weights.stat().st_size
    assert b"batch_norm" not in (program / "inference.pdmodel").read_bytes()
    # What was trained is counted, not what is left of it.
    assert details["parameters"] > 8_000_000


def test_features_are_told_from_classes(export, synthesize):
    details, _ = export("MobileFaceNet", synthesize("MobileFaceNet", 112), 112)
    (output,) = details["outputs"]
    assert (output["shape"], output["kind"]) == ([1, 128], "features")
    assert details["class_count"] == 128


def test_an_open_batch_of_a_network_that_reshapes_by_it(export, synthesize, run_program, noise):
    weights = synthesize("ReXNet_1_0", 64)
    _, one = export("ReXNet_1_0", weights, 64)
    details, program = export("ReXNet_1_0", weights, 64, batch="dynamic")
    assert details["inputs"][0]["shape"] == [-1, 3, 64, 64]
    images = noise(3, 64)
    _, alone, _ = run_program(one, images, oracle=False)
    _, together, _ = run_program(program, images, batch=3, oracle=False)
    np.testing.assert_allclose(together, alone, atol=1e-3)


def test_relu6_says_its_threshold(export, synthesize):
    # Exports in static mode leave it out, and Paddle Lite ends the process without it.
    _, program = export("MobileNetV2_x0_25", synthesize("MobileNetV2_x0_25", 64), 64)
    assert b"threshold" in (program / "inference.pdmodel").read_bytes()
