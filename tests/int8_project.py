"""A project whose converters are all fake, and have INT8: `onnx` ranks its layers, `ncnn` has FP32 alone."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import edgekit.bundled
from conftest import ROOT
from edgekit.pipeline.stage import worker_source_digest
from edgekit.pipeline.target import targets

MODEL = ("ResNet18", "-w", "synthetic:0", "--input-size", "32")
DESCRIPTION = """
title = "{title}"
summary = "A fake."
source = "program"
precisions = {precisions}

[files]
"model.{name}" = "{{model}}.{name}"

[[variants]]
name = ""
worker = "run.py"
inputs = {{ model = "model.{name}" }}
"""
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
        "paddle": ("synthesize", "export", "run"),
        "onnx": ("convert", "quantize", "rank", "run"),
        "ncnn": ("convert", "run"),
    }
    for target, verbs in roles.items():
        folder = root / "converters" / target
        folder.mkdir(parents=True)
        for verb in verbs:
            shutil.copy(Path(__file__).with_name("fake_int8.py"), folder / f"{verb}.py")
    for name, title, precisions, more in (
        ("onnx", "ONNX", '["fp32", "int8"]', LOWERED),
        ("ncnn", "ncnn", '["fp32"]', ""),
    ):
        text = DESCRIPTION.format(name=name, title=title, precisions=precisions) + more
        (root / "converters" / name / "target.toml").write_text(text)
    (root / "converters" / "lib").symlink_to(ROOT / "converters" / "lib")
    shutil.copytree(ROOT / "recipes", root / "recipes")
    for path in (root / "recipes").glob("*.toml"):
        # What the real recipes say of real programs and targets is not this test's.
        sections = re.split(r"(?m)^(?=\[)", path.read_text())
        path.write_text("".join(one for one in sections if not re.match(r"\[\[?(?:program|targets)\.", one)))
    default = root / "recipes" / "default.toml"
    default.write_text(default.read_text() + "[targets]\n")
    calls = tmp_path / "calls"
    calls.mkdir()
    monkeypatch.setattr(edgekit.bundled, "PACKAGE", root / "edgekit")
    monkeypatch.setenv("FAKE_CALLS", str(calls))
    for remembered in (worker_source_digest, targets):
        remembered.cache_clear()
    yield Int8Project(tmp_path / "out", calls, monkeypatch)
    for remembered in (worker_source_digest, targets):
        remembered.cache_clear()
