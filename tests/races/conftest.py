"""Two commands at once, on the matrix's project of fake converters; where they meet, a lock of the test's holds one."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgekit.cli.app import run
from tests.matrix.conftest import MAIN, FakeProject, project

__all__ = ["project"]


@dataclass
class Races:
    """Runs commands here and in processes of their own; `out` is where they all write."""

    project: FakeProject
    lock: Path

    @property
    def out(self) -> Path:
        """The output folder."""
        return self.project.out

    def here(self, *arguments: str) -> int:
        """Run a command to its end; returns its status."""
        return run([*arguments, "--out", str(self.out)])

    @contextmanager
    def held(self, call: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command; the block runs while its worker's `call` has begun and does not go on."""
        with self.lock.open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = self.start(call, *arguments)
            while call not in self.project.called():
                assert process.poll() is None, process.communicate()
                time.sleep(0.02)
            yield process

    def start(self, call: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a command whose worker's `call` waits for the lock."""
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, str(self.project.root / "edgekit"), *arguments, "--out", str(self.out)],
            env={**os.environ, "FAKE_HOLD": call, "FAKE_LOCK": str(self.lock)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def races(project: FakeProject, tmp_path: Path) -> Races:
    return Races(project, tmp_path / "lock")
