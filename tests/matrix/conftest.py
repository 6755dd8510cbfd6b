"""A project whose converters are all fake: two targets, alpha and beta, with every catalog model."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import PATIENCE_SECONDS
from edgekit.cli.app import run
from tests.fake_package import described, fake_package

MAIN = (
    "import sys, pathlib, edgekit.bundled as b; b.PACKAGE = pathlib.Path(sys.argv[1]); "
    "from edgekit.cli.app import run; sys.exit(run(sys.argv[2:]))"
)


@dataclass
class FakeProject:
    """The project's root, an output folder, and the folder that counts the workers' calls."""

    root: Path
    out: Path
    calls: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def matrix(self, *arguments: str, fail: str = "") -> tuple[int, dict[str, Any]]:
        """Run `edgekit matrix --json` in this process; returns its status and document."""
        self.monkeypatch.setenv("FAKE_FAIL", fail)
        self.capsys.readouterr()
        status = run(["matrix", "--json", "--out", str(self.out), *arguments])
        return status, json.loads(self.capsys.readouterr().out)

    def start(self, *arguments: str, sleep: str) -> subprocess.Popen[str]:
        """Run `edgekit matrix` in a process of its own; the call `sleep` takes long."""
        command = [sys.executable, "-c", MAIN, str(self.root / "edgekit"), "matrix", "--out", str(self.out), *arguments]
        environment = {**os.environ, "FAKE_SLEEP": sleep}
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def stop_at(self, process: subprocess.Popen[str], call: str, how: signal.Signals) -> str:
        """Send a signal once a call has begun; returns what the process said."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while call not in self.called() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(how)
        return process.communicate(timeout=PATIENCE_SECONDS)[1]

    def called(self) -> list[str]:
        """The calls of workers since the last `forget`, in order."""
        return [path.name.split(" ", 1)[1].replace(".", "/", 1) for path in sorted(self.calls.iterdir())]

    def forget(self) -> None:
        """Forget the calls."""
        for path in self.calls.iterdir():
            path.unlink()

    def expect_failure(self, family: str, text: str) -> None:
        """Add to a family's recipe."""
        path = self.root / "recipes" / f"{family}.toml"
        path.write_text(path.read_text() + text)


@pytest.fixture
def project(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], unconfined: None
) -> Iterator[FakeProject]:
    root = tmp_path / "project"
    roles = {"paddle": ["synthesize", "export", "run"], "alpha": ["convert", "run"], "beta": ["convert", "run"]}
    descriptions = {name: described(name, name.title()) for name in ("alpha", "beta")}
    with fake_package(root, Path(__file__).with_name("fake_target.py"), roles, descriptions, monkeypatch) as calls:
        yield FakeProject(root, tmp_path / "out", calls, monkeypatch, capsys)
