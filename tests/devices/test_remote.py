"""A phone by a fake adb: what is pushed, run, pulled and cleared away, and each way in which a phone fails."""

import contextlib
import os
import struct
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from safetensors.numpy import load_file, save_file

from conftest import PATIENCE_SECONDS
from edgekit.devices.adb import Adb, find_phone
from edgekit.devices.client import allowed_seconds
from edgekit.devices.remote import RemoteRun
from edgekit.devices.remote_folder import NUMBER, here
from edgekit.devices.ssh import Ssh
from edgekit.errors import AbsentError, ConversionError, EdgekitError, UsageError
from edgekit.toolchain.command import Cancelled
from tests.devices.fake_programs import environment, left

# What the contract says of edgekit_runner, on a copy of the inputs.
RUNNER = """#!/bin/sh
test "$1" = --run && test "$3" = --outputs && test "$5" = . && test -f model.bin || exit 9
{body}
"""
WORKS = 'cp "$2" "$4" && echo \'{"backend": "ncnn", "threads": 2}\''


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the fake devices."""
    folder = tmp_path / "devices"
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    return folder


def made(tmp_path: Path, body: str = WORKS) -> RemoteRun:
    runner, model, tensors = (tmp_path / name for name in ("edgekit_runner", "model.bin", "tensors.safetensors"))
    runner.write_text(RUNNER.replace("{body}", body))
    model.write_bytes(b"weights")
    save_file({"x": np.arange(6, dtype=np.float32).reshape(2, 3)}, tensors)
    return RemoteRun(runner, [model], tensors, ("--threads", "2"))


def test_a_run_on_a_phone(place: Path, tmp_path: Path) -> None:
    said = made(tmp_path).on(find_phone(), tmp_path)
    assert said == {"backend": "ncnn", "threads": 2}
    assert load_file(tmp_path / "outputs.safetensors")["x"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert left(place, "A1") == []


@pytest.mark.parametrize(
    ("phones", "faults", "kind", "message"),
    [
        ("", "", AbsentError, "no phone is plugged in"),
        ("A1", "A1=offline", AbsentError, "adb:A1 is offline: plug it in again"),
        ("A1", "A1=unauthorized", AbsentError, "adb:A1 has not been told to trust this machine: unlock it"),
        ("A1,B2", "", UsageError, "2 phones are plugged in. Name one: adb:A1, adb:B2"),
    ],
)
def test_phones_that_cannot_be_used(
    place: Path, monkeypatch: pytest.MonkeyPatch, phones: str, faults: str, kind: type[EdgekitError], message: str
) -> None:
    monkeypatch.setenv("FAKE_PHONES", phones)
    monkeypatch.setenv("FAKE_FAULTS", faults)
    with pytest.raises(kind, match=message):
        find_phone()
    with pytest.raises(AbsentError, match="there is no phone Z9"):
        find_phone("Z9")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("unplugged", "adb:A1 is gone: error: device 'A1' not found. Plug it in"),
        ("unplugged early", "adb:A1 is gone: adb: error: failed to get feature set: device 'A1' not found. Plug it in"),
        ("full", "there is no room left on adb:A1. Clear /data/local/tmp on it"),
        ("slow", "adb:A1 did not answer within 3 s. Wake it, and try again; EDGEKIT_DEVICE_SECONDS gives a slow one"),
    ],
)
def test_phones_that_fail_on_the_way(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, message: str
) -> None:
    monkeypatch.setenv("FAKE_FAULTS", f"A1={fault}")
    phone = Adb("A1", seconds=3.0 if fault == "slow" else 1800.0)
    with pytest.raises(AbsentError, match=message):
        made(tmp_path).on(phone, tmp_path)
    assert not (tmp_path / "outputs.safetensors").exists()
    if fault.startswith("unplugged"):  # what stays there goes with the next run
        assert len(left(place, "A1")) == 1
        monkeypatch.delenv("FAKE_FAULTS")
        made(tmp_path).on(phone, tmp_path)
    assert left(place, "A1") == []


def running(place: Path) -> list[int]:
    """The processes that a fake device has started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd().startswith(str(place)) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def test_what_is_stopped_does_not_go_on_there(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device does not end what its shell has started when the cable is free again: the runner must be."""
    monkeypatch.setenv("FAKE_FAULTS", "A1=slow")
    cancelled = threading.Event()
    seen: list[int] = []

    def stop() -> None:
        while not (seen.extend(running(place)) or seen):
            time.sleep(0.05)
        cancelled.set()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(Cancelled):
        made(tmp_path).on(find_phone(), tmp_path, cancelled=cancelled)
    stopper.join()
    assert seen
    assert left(place, "A1") == []
    deadline = time.monotonic() + PATIENCE_SECONDS  # the kernel takes its time to end a process
    while running(place) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running(place) == []


def test_what_others_left_stays(place: Path, tmp_path: Path) -> None:
    """Another machine's folder, and that of a process here that still works, are nobody's to remove."""
    phone = find_phone()
    phone.run("true")
    folder = place / "A1" / "data" / "local" / "tmp"
    theirs = [f"edgekit-00000000-1-{'0' * 16}", f"edgekit-{here()}-{os.getppid()}-{'0' * 16}", "notes"]
    for name in (*theirs, f"edgekit-{here()}-999999999-{'0' * 16}"):
        (folder / name).mkdir()
    made(tmp_path).on(phone, tmp_path)
    assert left(place, "A1") == sorted(theirs)


def test_a_number_that_is_another_process_by_now_is_left_alone(place: Path, tmp_path: Path) -> None:
    phone = find_phone()
    phone.run("true")
    old = place / "A1" / "data" / "local" / "tmp" / f"edgekit-{here()}-999999999-{'0' * 16}"
    old.mkdir()
    with subprocess.Popen(["sleep", "3600"]) as other:
        (old / NUMBER).write_text(f"{other.pid}\n")
        made(tmp_path).on(phone, tmp_path)
        assert other.poll() is None
        other.kill()
    assert left(place, "A1") == []


def test_a_runner_for_other_processors_is_not_even_copied(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_KIND", "armv7l")
    run = made(tmp_path)
    run.runner.write_bytes(b"\x7fELF".ljust(18, b"\0") + struct.pack("<H", 183))
    with pytest.raises(UsageError, match="adb:A1 is a device with armv7l, and edgekit_runner is for aarch64"):
        run.on(find_phone(), tmp_path)
    assert left(place, "A1") == []


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ('echo \'{"error": "the artifact was changed"}\'; exit 2', UsageError, "on adb:A1: the artifact was changed"),
        ('echo \'{"error": "the artifact was changed"}\'', UsageError, "on adb:A1: the artifact was changed"),
        ("echo sorry >&2; exit 139", ConversionError, "ended with status 139 on adb:A1: sorry"),
        ("echo text; exit 0", ConversionError, "ended with status 0 on adb:A1: text"),
        ("echo '{\"samples\": 2}'", AbsentError, "outputs.safetensors could not be copied from adb:A1"),
        ("echo 'write: No space left on device' >&2; exit 1", AbsentError, "there is no room left on adb:A1"),
    ],
)
def test_runners_that_end_badly(place: Path, tmp_path: Path, body: str, kind: type, message: str) -> None:
    with pytest.raises(kind, match=message):
        made(tmp_path, body).on(find_phone(), tmp_path)
    assert left(place, "A1") == []


def test_without_adb_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AbsentError, match="is reached with adb, which is not here"):
        find_phone()


def test_a_board_by_ssh(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(tmp_path).on(Ssh("board"), tmp_path)["threads"] == 2
    assert left(place, "board", "tmp") == []
    with pytest.raises(AbsentError, match="ssh:elsewhere cannot be reached: ssh: Could not resolve hostname elsewhere"):
        Ssh("elsewhere").run("true")
    with pytest.raises(UsageError, match="-oProxyCommand=x is no host"):
        Ssh("-oProxyCommand=x")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("unplugged", "ssh:board cannot be reached: Connection to board closed. Try `ssh board` by hand"),
        ("full", "there is no room left on ssh:board"),
        ("slow", "ssh:board did not answer within 3 s"),
    ],
)
def test_boards_that_fail_on_the_way(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, message: str
) -> None:
    monkeypatch.setenv("FAKE_FAULTS", f"board={fault}")
    with pytest.raises(AbsentError, match=message):
        made(tmp_path).on(Ssh("board", seconds=3.0 if fault == "slow" else 1800.0), tmp_path)
    monkeypatch.delenv("FAKE_FAULTS")
    made(tmp_path).on(Ssh("board"), tmp_path)
    assert left(place, "board", "tmp") == []


@pytest.mark.parametrize("given", ["soon", "0", "-1", "nan", "1e9"])
def test_a_bound_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("EDGEKIT_DEVICE_SECONDS", given)
    with pytest.raises(UsageError, match=f"EDGEKIT_DEVICE_SECONDS is {given}, and not a number of seconds"):
        allowed_seconds()
