"""A project whose converters are all fake, and have INT8: `onnx` ranks its layers, `ncnn` has FP32 alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fake_package import described, fake_package

MODEL = ("ResNet18", "-w", "synthetic:0", "--input-size", "32")
LOWERED = """
[lowered.int8]
worker = "onnx/quantize.py"
calibrated = true
ranker = "onnx/rank.py"
"""


@dataclass
class Int8Project:
    """An output folder, and the folder that counts the workers' calls."""

    out: Path
    calls: Path
    monkeypatch: pytest.MonkeyPatch

    def fail(self, *calls: str) -> None:
        """Have these calls of workers refuse."""
        self.monkeypatch.setenv("FAKE_FAIL", ",".join(calls))

    def called(self) -> list[str]:
        """The calls of workers, in order: target, verb, and how many layers stay in floating point."""
        return [path.name.split(" ", 1)[1] for path in sorted(self.calls.iterdir())]


@pytest.fixture
def int8_project(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unconfined: None
) -> Iterator[Int8Project]:
    root = tmp_path / "project"
    roles = {
        "paddle": ("synthesize", "export", "run", "ranges"),
        "onnx": ("convert", "quantize", "rank", "run"),
        "ncnn": ("convert", "run"),
    }
    descriptions = {
        "onnx": described("onnx", "ONNX", 'precisions = ["fp32", "int8"]\n', LOWERED),
        "ncnn": described("ncnn", "ncnn"),
    }
    with fake_package(root, Path(__file__).with_name("fake_int8.py"), roles, descriptions, monkeypatch) as calls:
        yield Int8Project(tmp_path / "out", calls, monkeypatch)
