"""The matrix with the real toolchains: two models on two targets."""

import json
from pathlib import Path

import pytest

from conftest import Edgekit

pytestmark = pytest.mark.toolchain


def test_two_models_on_two_targets_then_nothing_left_to_do(edgekit: Edgekit, tmp_path: Path) -> None:
    arguments = ("matrix", "--models", "MixNet_S,ResNet18", "-t", "onnx,lite", "--out", tmp_path, "--json")
    answer = edgekit(*arguments, "--support-page", tmp_path / "support.md")
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert document["counts"] == {"passed": 4}
    for cell in document["cells"]:
        figures = cell["variants"][0]["verdict"]["outputs"]["logits"]
        assert 0 < figures["against_oracle"]["max_relative"] < 1e-4
        assert figures["classes"] == 1000
        assert cell["variants"][0]["latency"]["p50_ms"] > 1
        assert cell["reference_latency"]["p50_ms"] > 1
    lite = next(cell for cell in document["cells"] if (cell["model"], cell["target"]) == ("ResNet18", "lite"))
    assert [one["verdict"]["status"] for one in lite["variants"]] == ["passed", "not run"]
    assert lite["tools"]["paddlelite"] == "2.13rc0"
    assert "| ResNet18 | 11.7 M |" in (tmp_path / "support.md").read_text()
    assert (tmp_path / "ResNet18" / "lite" / "ResNet18.arm.nb").exists()

    again = edgekit(*arguments)
    assert again.returncode == 0
    assert json.loads(again.stdout)["cells"] == document["cells"]
    assert "4 of 4 cells are done already" in again.stderr
    assert not [line for line in again.stderr.splitlines() if line.startswith("[")]
