"""Phones and boards, the whole way: a runner built, pushed, run, judged, timed, and nothing left behind.

There is no phone here. Fake programs take the place of adb, ssh and scp (tests/devices/fake_device.py); behind them the
real runner runs, on an emulated processor.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import PATIENCE_SECONDS, Edgekit, lacking
from edgekit.errors import AbsentError
from edgekit.native.architectures import find_architecture
from edgekit.native.compilers import find_compiler
from tests.devices.fake_programs import environment, left
from tests.devices.fake_system import write_system
from tests.diagnose.damage import seal_again

pytestmark = pytest.mark.toolchain

EMULATOR = "qemu-aarch64-static"
PHONE = "data/local/tmp"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def artifacts(edgekit: Edgekit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which(EMULATOR) is None:
        lacking(f"needs {EMULATOR}")
    try:
        find_compiler(find_architecture("aarch64"))
    except AbsentError as error:
        lacking(str(error))
    out = tmp_path_factory.mktemp("artifacts")
    # For the phone and the board, which else are told what was chosen for this machine.
    wanted = ["--target", "ncnn,onnx", "--for", "aarch64", "--verify"]
    answer = edgekit("convert", "MixNet_S", "--weights", "demo", *wanted, "--out", out)
    assert answer.returncode == 0, answer.stderr
    return out


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder with the fake devices."""
    return tmp_path / "devices"


@pytest.fixture
def there(edgekit: Edgekit, place: Path) -> Run:
    """Runs edgekit where the fake devices are."""

    def run(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return edgekit(*words, **environment(place, FAKE_START=f"{EMULATOR} -cpu cortex-a53", **variables))

    return run


def checks_of(answer: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    return {one["machine"]: one for one in json.loads(answer.stdout)["checks"]}


@pytest.mark.parametrize(
    ("asked", "name", "device", "where"),
    [("adb", "adb:A1", "Paragon A1 (arm64-v8a)", f"A1/{PHONE}"), ("ssh:board", "ssh:board", None, "board/tmp")],
)
def test_an_artifact_is_verified_there(
    there: Run, artifacts: Path, place: Path, session_cache: Path, asked: str, name: str, device: str, where: str
) -> None:
    folder = artifacts / "MixNet_S" / "ncnn"
    known = list((session_cache / "stages" / "ncnn" / "run").iterdir())
    answer = there("verify", folder, "--device", asked, "--json")
    assert answer.returncode == 0, answer.stderr
    check = checks_of(answer)[name]
    assert check["verdict"]["status"] == "passed"
    assert device is None or check["device"] == device
    figures = check["verdict"]["outputs"]["logits"]
    assert 0 < figures["against_oracle"]["max_relative"] < figures["max_threshold"]
    assert (figures["samples"], check["latency"]["repeats"] >= 3) == (10, True)
    assert check["peak_memory_bytes"] > check["files"]["MixNet_S.ncnn.bin"]["bytes"]
    kept = {one["machine"]: one for one in json.loads((folder / "manifest.json").read_text())["verdicts"]}
    assert kept[name]["latency"] == check["latency"]
    assert kept[None]["verdict"]["status"] == "passed"
    # Neither there nor here: what a device computes is asked anew.
    assert list((place / where).iterdir()) == []
    assert sorted((session_cache / "stages" / "ncnn" / "run").iterdir()) == sorted(known)


def test_what_a_device_computes_is_asked_anew(there: Run, artifacts: Path) -> None:
    folder = artifacts / "MixNet_S" / "ncnn"
    answers = [there("verify", folder, "--device", "adb", "--json") for _ in range(2)]
    first, second = (checks_of(answer)["adb:A1"] for answer in answers)
    assert first["verdict"] == second["verdict"]
    assert first["latency"] != second["latency"]
    assert second["latency_remembered"] is False
    assert "ncnn run of MixNet_S on adb:A1" in answers[1].stderr


@pytest.mark.parametrize(
    ("asked", "phones", "faults", "status", "said"),
    [
        ("adb", "", "", 3, "no phone is plugged in. Plug one in"),
        ("adb", "A1", "A1=offline", 3, "adb:A1 is offline"),
        ("adb", "A1", "A1=unauthorized", 3, "adb:A1 has not been told to trust this machine"),
        ("adb", "A1,B2", "", 2, "2 phones are plugged in. Name one: adb:A1, adb:B2"),
        ("adb:Z9", "A1", "", 3, "there is no phone Z9. Phones are A1"),
        ("adb", "A1", "A1=abi", 2, "adb:A1 is a device with mips, for which no runner can be built"),
        ("adb", "A1", "A1=full", 3, "there is no room left on adb:A1. Clear /data/local/tmp on it"),
        ("adb", "A1", "A1=slow", 3, "adb:A1 did not answer within 10 s"),
        ("ssh:elsewhere", "A1", "", 3, "ssh:elsewhere cannot be reached: ssh: Could not resolve hostname"),
        ("ssh:board", "A1", "board=full", 3, "there is no room left on ssh:board"),
        ("ssh:", "A1", "", 2, "nothing is no host. Name one, as in ssh:board"),
    ],
)
def test_a_device_that_cannot_be_used_is_one_sentence(
    there: Run, artifacts: Path, place: Path, asked: str, phones: str, faults: str, status: int, said: str
) -> None:
    manifest = (artifacts / "MixNet_S" / "ncnn" / "manifest.json").read_bytes()
    variables = {"FAKE_PHONES": phones, "FAKE_FAULTS": faults, "EDGEKIT_DEVICE_SECONDS": "10"}
    answer = there("verify", artifacts / "MixNet_S" / "ncnn", "--device", asked, **variables)
    assert answer.returncode == status, answer.stderr
    *before, sentence = answer.stderr.strip().splitlines()
    assert said in sentence
    assert sentence.startswith("edgekit: ")
    assert all(line.startswith(("✓", "✗", "fetching")) for line in before)
    assert not answer.stdout
    assert not list(place.rglob("edgekit-*"))
    assert (artifacts / "MixNet_S" / "ncnn" / "manifest.json").read_bytes() == manifest


def test_several_side_by_side_and_one_unplugged_in_the_middle(there: Run, artifacts: Path, place: Path) -> None:
    folder = artifacts / "MixNet_S" / "ncnn"
    phones = {"FAKE_PHONES": "A1,B2"}
    flags = ("--device", "adb:A1,adb:B2,ssh:board", "--json")
    answer = there("verify", folder, *flags, FAKE_FAULTS="B2=unplugged", **phones)
    assert answer.returncode == 3, answer.stderr
    checks = checks_of(answer)
    found = {name: check["verdict"]["status"] for name, check in checks.items()}
    assert found == {"adb:A1": "passed", "adb:B2": "not run", "ssh:board": "passed"}
    assert "adb:B2 is gone: error: device 'B2' not found. Plug it in, and run again" in checks["adb:B2"]["absent"]
    kept = {one["machine"] for one in json.loads((folder / "manifest.json").read_text())["verdicts"]}
    assert {"adb:A1", "ssh:board"} < kept
    assert "adb:B2" not in kept
    # It is out of reach, and what lies there goes with the next run.
    assert left(place, "A1") == left(place, "board", "tmp") == []
    assert len(left(place, "B2")) == 1
    assert there("verify", folder, "--device", "adb:B2", **phones).returncode == 0
    assert left(place, "B2") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(
    artifacts: Path, place: Path, session_cache: Path, tmp_path: Path, number: signal.Signals
) -> None:
    variables = {"EDGEKIT_CACHE": str(session_cache), **environment(place, FAKE_FAULTS="A1=slow")}
    command = [sys.executable, "-m", "edgekit", "verify", artifacts / "MixNet_S" / "ncnn", "--device", "adb"]
    process = subprocess.Popen(
        command, env={**os.environ, **variables}, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (started := list(place.rglob("runner.pid"))) or not started[0].read_text().strip():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    runner = int(started[0].read_text())
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert left(place, "A1") == []
    while Path(f"/proc/{runner}/cwd").exists():  # a zombie has none
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_damaged_artifact_fails_there_too(there: Run, artifacts: Path, place: Path, tmp_path: Path) -> None:
    import numpy as np

    folder = tmp_path / "ncnn"
    shutil.copytree(artifacts / "MixNet_S" / "ncnn", folder)
    values = np.fromfile(folder / "MixNet_S.ncnn.bin", "<f4")
    values[-10:] += 0.5  # the bias of the classes
    values.tofile(folder / "MixNet_S.ncnn.bin")
    seal_again(folder)
    answer = there("verify", folder, "--device", "adb", "--json")
    assert answer.returncode == 1, answer.stderr
    check = checks_of(answer)["adb:A1"]
    assert check["verdict"]["status"] == "failed"
    assert "logits" in check["verdict"]["reason"]
    assert left(place, "A1") == []


def test_what_no_runner_is_for_does_not_run_there(there: Run, artifacts: Path) -> None:
    answer = there("verify", artifacts / "MixNet_S" / "onnx", "--device", "adb")
    assert answer.returncode == 2
    assert "onnx does not run on adb:A1. `edgekit devices` lists what runs where" in answer.stderr


def test_a_benchmark_times_it(there: Run, artifacts: Path, place: Path) -> None:
    write_system(place / "A1")
    flags = ("--weights", "demo", "--target", "ncnn", "--repeats", "3", "--device", "adb:A1,adb:B2")
    answer = there("bench", "MixNet_S", *flags, "--json", FAKE_PHONES="A1,B2", FAKE_FAULTS="B2=full")
    assert answer.returncode == 0, answer.stderr
    row, other = json.loads(answer.stdout)["rows"]
    assert (row["status"], row["machine"], row["device"]) == ("measured", "adb:A1", "Paragon A1 (arm64-v8a)")
    assert 0 < row["latency"]["min_ms"] <= row["latency"]["p50_ms"] <= row["latency"]["p95_ms"]
    assert row["latency"]["repeats"] == 3
    assert row["images_per_second"] == pytest.approx(1000 / row["latency"]["p50_ms"])
    assert row["verdict"]["status"] == "passed"
    conditions = row["conditions"]
    assert conditions["before"]["battery"]["percent"] == 80
    assert "3 runs, fewer than 1,024" in conditions["why_not"]
    assert len(conditions["blocks_ms"]) == 3
    assert (other["status"], other["machine"], other["exit_status"]) == ("not run", "adb:B2", 3)
    assert "there is no room left on adb:B2" in other["reason"]
    assert left(place, "A1") == left(place, "B2") == []


def test_photos_are_named_there_as_here(there: Run, artifacts: Path) -> None:
    from edgekit.bundled import bundled_folder

    photos = bundled_folder("edgekit") / "inputs" / "photos"
    some = [photos / "cat.png", photos / "coffee.png"]
    here, away = (
        json.loads(there("predict", artifacts / "MixNet_S" / "ncnn", *some, "--device", on, "--json").stdout)
        for on in ("host", "ssh:board")
    )
    for mine, theirs in zip(here["photos"], away["photos"], strict=True):
        first, second = (one["classes"]["ncnn"][0] for one in (mine, theirs))
        assert first["index"] == second["index"]
        assert abs(first["probability"] - second["probability"]) < 1e-5


def test_the_list_says_what_can_be_reached(there: Run) -> None:
    faults = "B2=offline,C3=abi"
    answer = there("devices", "ssh:board", "ssh:elsewhere", "--json", FAKE_PHONES="A1,B2,C3", FAKE_FAULTS=faults)
    assert answer.returncode == 0, answer.stderr
    found = {one["name"]: one for one in json.loads(answer.stdout)["devices"]}
    assert found["adb:A1"]["title"] == "Paragon A1 (arm64-v8a)"
    assert (found["adb:A1"]["status"], found["adb:A1"]["targets"]) == ("ready", ["ncnn"])
    assert found["ssh:board"]["status"] == "ready"
    for name, why in (("adb:B2", "is offline"), ("adb:C3", "with mips"), ("ssh:elsewhere", "cannot be reached")):
        assert found[name]["status"] == "missing"
        assert why in found[name]["detail"]
