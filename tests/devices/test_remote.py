"""A phone by a fake adb: what is pushed, run, pulled and cleared away, and each way in which a phone fails."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgekit.devices.adb import Adb, find_phone
from edgekit.devices.remote import RemoteRun
from edgekit.devices.ssh import Ssh
from edgekit.errors import AbsentError, ConversionError, EdgekitError, UsageError

# What the contract says of edgekit_runner, on a copy of the inputs.
RUNNER = """#!/bin/sh
test "$1" = --run && test "$3" = --outputs && test "$5" = . && test -f model.bin || exit 9
{body}
"""
WORKS = 'cp "$2" "$4" && echo \'{"backend": "ncnn", "threads": 2}\''


@pytest.fixture
def phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "phone"
    (folder / "data" / "local" / "tmp").mkdir(parents=True)
    program = tmp_path / "bin" / "adb"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("fake_adb.py")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_PHONE", str(folder))
    return folder


def made(tmp_path: Path, body: str = WORKS) -> RemoteRun:
    runner, model, tensors = (tmp_path / name for name in ("edgekit_runner", "model.bin", "tensors.safetensors"))
    runner.write_text(RUNNER.replace("{body}", body))
    model.write_bytes(b"weights")
    save_file({"x": np.arange(6, dtype=np.float32).reshape(2, 3)}, tensors)
    return RemoteRun(runner, [model], tensors, ("--threads", "2"))


def left(phone: Path) -> list[Path]:
    return list((phone / "data" / "local" / "tmp").iterdir())


def test_a_run_on_a_phone(phone: Path, tmp_path: Path) -> None:
    said = made(tmp_path).on(find_phone(), tmp_path)
    assert said == {"backend": "ncnn", "threads": 2}
    assert load_file(tmp_path / "outputs.safetensors")["x"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert left(phone) == []


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        ("none", AbsentError, "no phone is plugged in"),
        ("offline", AbsentError, "adb:A1 is offline: plug it in again"),
        ("unauthorized", AbsentError, "adb:A1 has not been told to trust this machine: unlock it"),
        ("two", UsageError, "2 phones are plugged in. Name one: adb:A1, adb:B2"),
    ],
)
def test_phones_that_cannot_be_used(
    phone: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, kind: type[EdgekitError], message: str
) -> None:
    monkeypatch.setenv("FAKE_ADB", wrong)
    with pytest.raises(kind, match=message):
        find_phone()
    with pytest.raises(AbsentError, match="there is no phone Z9"):
        find_phone("Z9")


@pytest.mark.parametrize(
    ("wrong", "kind", "message", "cleared"),
    [
        ("unplugged", AbsentError, "adb:A1 is gone: error: device 'A1' not found. Plug it in", False),
        ("full", AbsentError, "there is no room left on adb:A1. Clear /data/local/tmp on it", True),
        ("slow", AbsentError, "adb:A1 did not answer within 3 s", True),
    ],
)
def test_phones_that_fail_on_the_way(
    phone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, kind: type, message: str, cleared: bool
) -> None:
    monkeypatch.setenv("FAKE_ADB", wrong)
    with pytest.raises(kind, match=message):
        made(tmp_path).on(Adb("A1", seconds=3.0 if wrong == "slow" else 1800.0), tmp_path)
    assert (left(phone) == []) is cleared
    assert not (tmp_path / "outputs.safetensors").exists()


def test_a_runner_for_other_processors_is_not_even_copied(
    phone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ADB", "abi")
    run = made(tmp_path)
    run.runner.write_bytes(b"\x7fELF".ljust(18, b"\0") + struct.pack("<H", 183))
    with pytest.raises(UsageError, match="adb:A1 is a device with armv7l, and edgekit_runner is for aarch64"):
        run.on(find_phone(), tmp_path)
    assert left(phone) == []


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ('echo \'{"error": "the artifact was changed"}\'; exit 2', UsageError, "on adb:A1: the artifact was changed"),
        ("echo sorry >&2; exit 139", ConversionError, "ended with status 139 on adb:A1: sorry"),
        ("echo text; exit 0", ConversionError, "ended with status 0 on adb:A1: text"),
        ("echo '{}'", AbsentError, "outputs.safetensors could not be copied from adb:A1"),
        ("echo 'write: No space left on device' >&2; exit 1", AbsentError, "there is no room left on adb:A1"),
    ],
)
def test_runners_that_end_badly(phone: Path, tmp_path: Path, body: str, kind: type, message: str) -> None:
    with pytest.raises(kind, match=message):
        made(tmp_path, body).on(find_phone(), tmp_path)
    assert left(phone) == []


def test_without_adb_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AbsentError, match="is reached with adb, which is not here"):
        find_phone()


def test_a_board_by_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "board"
    folder.mkdir()
    programs = {
        "ssh": 'shift 4; test "$1" = board || { echo "ssh: No such host" >&2; exit 255; }\nsh -c "$2"\n',
        "scp": 'shift 5; for last; do :; done\nfor one; do test "$one" = "$last" || cp "${one#*:}" "${last#*:}"; done',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert made(tmp_path).on(Ssh("board", folder=str(folder)), tmp_path)["threads"] == 2
    assert list(folder.iterdir()) == []
    with pytest.raises(AbsentError, match="ssh:elsewhere cannot be reached: ssh: No such host"):
        Ssh("elsewhere").run("true")
    with pytest.raises(UsageError, match="-oProxyCommand=x is no host"):
        Ssh("-oProxyCommand=x")
