"""Commands that take an artifact to a device say that it was made for another instruction set."""

from pathlib import Path
from typing import cast

import pytest

from edgekit.artifact.load import Artifact, load_artifact
from edgekit.artifact.manifest import RewriteRecord
from edgekit.bench.run import made_for
from edgekit.cli.app import run
from edgekit.cli.made_for import warn_of_devices
from edgekit.devices.connection import Connection
from edgekit.devices.machine import known_machines
from edgekit.devices.remote_machine import RemoteMachine
from edgekit.native.architectures import find_architecture
from tests.app_export.test_export_app import made

BOUND = RewriteRecord("merge-mixed-depthwise", 13, of="speed", machines=("x86_64",))
EMULATED = known_machines()["aarch64:cortex-a53"]


def reached(name: str) -> RemoteMachine:
    """A device of an instruction set, which nobody connects to."""
    return RemoteMachine(cast("Connection", None), find_architecture(name), "a device")


@pytest.fixture
def folder(cache: Path, tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    # Without golden samples no package is made of it: the note comes before that.
    return made(tmp_path / "out", "ncnn", rewrites=(BOUND,), made_for="x86_64", golden={})


@pytest.mark.parametrize(("architecture", "noted"), [("aarch64", True), ("armv7", True), ("x86_64", False)])
def test_a_package_for_another_machine(
    folder: Path, architecture: str, noted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["package", str(folder), "--arch", architecture, "--json"]) == 2
    shown = capsys.readouterr()
    note = f"M on ncnn has merge-mixed-depthwise, measured to be faster on x86_64 alone: for {architecture} convert it"
    assert (note in " ".join(shown.err.split())) is noted
    assert "has no golden samples" in shown.out


def test_devices_that_are_reached_are_noted_once_and_emulated_ones_never(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    artifacts: list[Artifact] = [load_artifact(folder)]
    warn_of_devices(artifacts, [None, EMULATED, reached("x86_64")])
    assert capsys.readouterr().err == ""
    warn_of_devices(artifacts, [None, reached("aarch64"), reached("aarch64")])
    assert capsys.readouterr().err.count("--for aarch64") == 1


def test_a_benchmark_of_one_kind_of_device_makes_what_a_user_makes_for_it() -> None:
    assert made_for([reached("aarch64")]) == made_for([reached("aarch64"), EMULATED]) == "aarch64"
    assert made_for([None]) is made_for([None, reached("aarch64")]) is made_for([reached("armv7"), EMULATED]) is None
