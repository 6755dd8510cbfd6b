"""`edgekit evaluate` on fake converters: what it says where models fail."""

import json
from pathlib import Path

import pytest

from edgekit.cli.app import run
from tests.calibration.test_calibration import write_photos
from tests.int8_project import MODEL, Int8Project


@pytest.fixture
def project(int8_project: Int8Project, capsys: pytest.CaptureFixture[str]) -> Int8Project:
    """With an artifact for ONNX and one for ncnn."""
    assert run(["convert", *MODEL, "-t", "onnx,ncnn", "--out", str(int8_project.out)]) == 0
    capsys.readouterr()
    return int8_project


def evaluate(project: Int8Project, *arguments: str) -> int:
    photos = write_photos(project.out.with_name("data"), 12)
    return run(["evaluate", "ResNet18", "--data", str(photos), "--out", str(project.out), *arguments])


def test_a_model_that_fails_is_named_beside_the_figures_of_the_others(
    project: Int8Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.fail("onnx/run")
    assert evaluate(project, "--json") == 4
    said = capsys.readouterr()
    assert [one["name"] for one in json.loads(said.out)["models"]] == ["reference", "ncnn"]
    assert "the photo is too heavy" in said.err


def test_where_no_model_runs_to_the_end_there_is_its_error_and_no_report(
    project: Int8Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project.fail("onnx/run", "ncnn/run")
    assert evaluate(project, "--report", str(tmp_path / "report")) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert "the photo is too heavy" in said.err
    assert not (tmp_path / "report").exists()
