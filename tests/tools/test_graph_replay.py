"""The graph-replay check sees a changed, a lost and a new file, and says so by its exit status."""

import json
from pathlib import Path

import pytest

from tools import graph_replay

BEFORE = {"A/onnx/A.onnx": "1", "A/ncnn/A.ncnn.bin": "2", "B/onnx/B.onnx": "3"}


def test_every_difference_has_a_line() -> None:
    after = {"A/onnx/A.onnx": "1", "A/ncnn/A.ncnn.bin": "4", "C/onnx/C.onnx": "5"}
    assert graph_replay.differences(BEFORE, after) == [
        "A/ncnn/A.ncnn.bin: another graph",
        "B/onnx/B.onnx: is gone",
        "C/onnx/C.onnx: is new",
    ]
    assert graph_replay.differences(BEFORE, dict(BEFORE)) == []


def test_the_exit_status_says_whether_all_is_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = dict(BEFORE)
    monkeypatch.setattr(graph_replay, "replay", lambda models, targets, cache: found)
    path = tmp_path / "before.json"
    assert graph_replay.main(["record", str(path)]) == 0
    assert json.loads(path.read_text()) == BEFORE
    assert graph_replay.main(["compare", str(path)]) == 0
    assert "3 files, bit for bit as before" in capsys.readouterr().out
    found["A/onnx/A.onnx"] = "another"
    assert graph_replay.main(["compare", str(path)]) == 1
    assert "A/onnx/A.onnx: another graph" in capsys.readouterr().out
