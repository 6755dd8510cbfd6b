"""The matrix with the real toolchains: the smallest model of each family, and what each family breaks."""

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Edgekit
from edgekit.catalog import load_catalog

pytestmark = pytest.mark.toolchain

# The smallest of each family; ResNet18_vd has the pools that pnnx gets wrong.
SLICE = ("MixNet_S", "DenseNet121", "DPN68", "pcpvt_small", "alt_gvt_small", "ResNet18", "ResNet18_vd", "HRNet_W18_C")
TARGETS = ("lite", "ncnn", "onnx", "openvino")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix")


@pytest.fixture(scope="module")
def arguments(folder: Path) -> tuple[Any, ...]:
    return ("matrix", "--models", ",".join(SLICE), "--no-latency", "--keep", "reports", "--out", folder, "--json")


@pytest.fixture(scope="module")
def document(edgekit: Edgekit, arguments: tuple[Any, ...], folder: Path) -> dict[str, Any]:
    answer = edgekit(*arguments, "--support-page", folder / "support.md")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_the_slice_has_every_family() -> None:
    catalog = load_catalog()
    assert {catalog.find(name).family for name in SLICE} == set(catalog.families)


def test_every_cell_passes(document: dict[str, Any]) -> None:
    assert document["counts"] == {"passed": len(SLICE) * len(TARGETS)}
    for cell in document["cells"]:
        figures = cell["variants"][0]["verdict"]["outputs"]["logits"]
        assert 0 < figures["against_oracle"]["max_relative"] < 5e-5, cell["model"]
        assert figures["classes"] == 1000
        assert figures["samples"] == 10
        assert cell["tools"]


def test_the_arm_files_are_not_called_passed(document: dict[str, Any]) -> None:
    cells = [cell for cell in document["cells"] if cell["target"] == "lite"]
    assert [[one["verdict"]["status"] for one in cell["variants"]] for cell in cells] == [
        ["passed", "not run"] for _ in SLICE
    ]


def test_the_reports_are_all_that_is_left(document: dict[str, Any], folder: Path) -> None:
    assert "| ResNet18 | 11.7 M |" in (folder / "support.md").read_text()
    assert {"matrix.json", "matrix.html"} <= {path.name for path in folder.iterdir()}
    assert not list(folder.rglob("*.nb"))


def test_a_second_run_has_nothing_to_do(edgekit: Edgekit, arguments: tuple[Any, ...], document: dict[str, Any]) -> None:
    again = edgekit(*arguments)
    assert again.returncode == 0
    assert json.loads(again.stdout)["cells"] == document["cells"]
    assert f"{len(document['cells'])} of {len(document['cells'])} cells are done already" in again.stderr
    assert not [line for line in again.stderr.splitlines() if line.startswith("[")]


def test_timed_runs_and_kept_artifacts(edgekit: Edgekit, tmp_path: Path) -> None:
    answer = edgekit("matrix", "--models", "MixNet_S", "-w", "demo", "-t", "onnx,lite", "--out", tmp_path, "--json")
    assert answer.returncode == 0, answer.stderr
    for cell in json.loads(answer.stdout)["cells"]:
        assert cell["variants"][0]["latency"]["p50_ms"] > 0.1
        assert cell["reference_latency"]["p50_ms"] > 0.1
    assert (tmp_path / "MixNet_S" / "lite" / "MixNet_S.arm.nb").exists()
