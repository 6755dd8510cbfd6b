"""Emulated machines for tests without an emulator: workers run on this machine, and it is noted which was meant."""

from pathlib import Path

import pytest

import edgekit.toolchain.worker
from edgekit.devices.machine import Machine
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import Requirements
from tests.matrix.conftest import FakeProject

SMALL, LARGE = "aarch64:cortex-a53", "aarch64:cortex-a76"


def emulate(project: FakeProject, monkeypatch: pytest.MonkeyPatch, target: str) -> list[str]:
    """Let a target's runner run on emulated ARM64; returns the list that gets the machines of its runs."""
    path = project.root / "converters" / target / "target.toml"
    path.write_text(path.read_text() + 'emulated = ["aarch64"]\n')
    asked: list[str] = []

    def python(machine: Machine, requirements: Requirements, cache: Path, *options: object, **_: object) -> list[str]:
        asked.append(machine.name)
        return [str(ensure_environment(requirements, cache, lambda _: None))]

    monkeypatch.setattr(edgekit.toolchain.worker, "emulated_python", python)
    return asked
