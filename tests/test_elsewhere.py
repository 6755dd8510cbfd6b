"""Where a program can go that a target lacks operators for: what is known, and nothing else."""

import shutil
from pathlib import Path

import pytest

from conftest import Edgekit

pytestmark = pytest.mark.toolchain


def test_a_target_that_has_every_operator_is_named(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    """Paddle Lite lacks `brelu`, which paddle2onnx converts."""
    answer = edgekit("convert", foreign_models / "clipped", "--target", "lite", "--out", tmp_path)
    assert answer.returncode == 4, answer.stderr
    said = "Express it with other operators in the model; or ONNX has every operator of this program: --target onnx."
    assert f"no arm kernel for brelu; the first is brelu (block 0, op 4 -> hardtanh_0.tmp_0). {said}" in answer.stderr


def test_one_that_was_tried_beside_it_is_not(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    answer = edgekit("convert", foreign_models / "clipped", "--target", "lite,onnx", "--out", tmp_path)
    assert answer.returncode == 4, answer.stderr
    assert "Express it with other operators in the model.\n" in answer.stderr
    assert (tmp_path / "clipped" / "onnx" / "manifest.json").exists()


def test_nothing_is_promised_where_none_has_them(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    """`lgamma`; each used to send its user to the other."""
    model = tmp_path / "unusual"
    shutil.copytree(foreign_models / "unusual", model)
    for target in ("onnx", "lite", "openvino"):
        answer = edgekit("convert", model, "--target", target, "--out", tmp_path / "out")
        assert answer.returncode == 4, answer.stderr
        assert "lgamma" in answer.stderr
        assert "every operator" not in answer.stderr
        assert "Try " not in answer.stderr
