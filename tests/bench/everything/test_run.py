"""`edgekit bench --all` on fake converters: the rows, what fails of one artifact, what is refused before any work."""

import json
from pathlib import Path
from typing import Any

import pytest

from edgekit.bench.ratio import FEWEST
from edgekit.calibration import photos
from edgekit.cli.app import run
from tests.calibration.test_calibration import write_photos
from tests.int8_project import MODEL, Int8Project


def bench(*arguments: str) -> int:
    return run(["bench", *MODEL, "--all", "-t", "onnx,ncnn", "--seconds", "0.1", *arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "data", 40, first=1000)


def priced(
    project: Int8Project, capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0
) -> dict[str, Any]:
    """The document, its rows by name."""
    folder = project.out.with_name("calibration")
    assert bench("--json", "--calibration", str(write_photos(folder, photos.FEWEST)), *arguments) == status
    document = json.loads(capsys.readouterr().out)
    return {**document, "rows": {row["name"]: row for row in document["rows"]}}


def test_every_artifact_is_a_row_beside_the_yardstick(
    int8_project: Int8Project, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = priced(int8_project, capsys, "--data", str(data), "--out", str(int8_project.out))
    assert list(found["rows"]) == ["ncnn", "onnx", "onnx-int8"]
    assert set(found["left_out"]) == {"ncnn-fp16", "ncnn-int8", "onnx-fp16"}
    for name, row in found["rows"].items():
        assert row["status"] in ("passed", "passed, not worth it"), row["reason"]
        assert [times["threads"] for times in row["times"]] == [1, 2]
        assert all(times["rounds"] >= FEWEST and "onnx" in times["beside"] for times in row["times"])
        assert row["agreement"]["photos"] == 40 and row["peak_memory_bytes"] > 1 << 20 and row["startup_ms"] > 0
        assert (int8_project.out / "ResNet18" / name / "manifest.json").is_file()
    assert {name for name, one in found["rows"]["onnx"]["times"][0]["beside"].items()} == {"onnx", "onnx-int8"}
    own = found["rows"]["onnx"]["times"][0]["beside"]["onnx"]
    assert (own["median"], own["low"], own["high"]) == (1, 1, 1)
    # A tenth of the photos for each of the four layers that matter: INT8 is not what is to be shipped.
    assert found["rows"]["onnx-int8"]["agreement"]["count"] < 36
    assert found["advice"].startswith("Ship ") and "onnx-int8" not in found["advice"]


def test_an_artifact_that_fails_on_the_photos_has_failed_and_is_not_shipped(
    int8_project: Int8Project, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    int8_project.fail("onnx/run int8")
    found = priced(int8_project, capsys, "--data", str(data), status=1)
    row = found["rows"]["onnx-int8"]
    assert (row["status"], row["agreement"]) == ("failed", None) and "the photo is too heavy" in row["reason"]
    assert "onnx-int8" not in found["advice"]
    assert found["rows"]["onnx"]["agreement"]["count"] == 40


def test_where_all_fail_there_are_rows_and_no_advice(
    int8_project: Int8Project, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    int8_project.fail("onnx/run int8", "onnx/run", "ncnn/run")
    found = priced(int8_project, capsys, "--data", str(data), status=1)
    assert {row["status"] for row in found["rows"].values()} == {"failed"}
    whose = {row["reason"].partition(":")[0] for row in found["rows"].values()}
    assert whose == {"ncnn FP32", "ONNX FP32", "ONNX INT8"}
    assert found["advice"].startswith("Nothing to ship")


def test_without_a_reference_nothing_is_shipped_and_the_reason_is_said(
    int8_project: Int8Project, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    int8_project.fail("paddle/run")
    found = priced(int8_project, capsys, "--data", str(data))
    assert "the photo is too heavy" in found["left_out"]["reference"]
    assert all(row["agreement"] is None and row["times"] for row in found["rows"].values())
    assert found["advice"].startswith("Nothing to ship")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--data", "nowhere"], "--data nowhere: there is no such folder or file"),
        (["--calibration", "nowhere"], "--calibration nowhere: there is no such folder"),
    ],
)
def test_photos_that_are_not_there_are_said_before_any_work(
    int8_project: Int8Project, wrong: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*wrong) == 2
    assert said in capsys.readouterr().err
    assert int8_project.called() == []


def test_a_photo_that_would_judge_what_it_made_is_said_before_anything_is_converted(
    int8_project: Int8Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_photos(tmp_path / "photos", photos.FEWEST)
    assert bench("--data", str(folder), "--calibration", str(folder)) == 2
    assert "is to be used to evaluate, and the model was calibrated on it" in capsys.readouterr().err
    assert int8_project.called() == ["paddle.synthesize 0", "paddle.export 0"]
