"""What devices say of themselves, what of it is believed, and that one run at a time has a device."""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from conftest import PATIENCE_SECONDS
from edgekit.devices.connection import Said
from edgekit.devices.machine import is_reached, known_machines
from edgekit.devices.remote_machine import RemoteMachine, ask
from edgekit.devices.remote_worker import answered, run_remotely, runner_words
from edgekit.devices.select import select_any
from edgekit.devices.side_by_side import asked_side_by_side
from edgekit.errors import AbsentError, ConversionError, UsageError
from edgekit.native.architectures import find_architecture
from edgekit.pipeline.target import targets
from edgekit.toolchain.command import Cancelled
from tests.devices.fake_programs import environment

ANSWER = {
    "version": {"backend": "ncnn", "backend_version": "1.0", "edgekit": "1"},
    "samples": 2,
    "latency": {"p50_ms": 2.0, "p95_ms": 3.0, "min_ms": 1.0, "repeats": 3},
    "memory": {"peak_bytes": 4096},
}


@dataclass(frozen=True)
class Board:
    """A device in memory: it says `said` to questions, and its runner copies its inputs and says `answer`."""

    said: str = "aarch64\n"
    answer: str = json.dumps(ANSWER)
    outputs: bytes | None = None
    name: str = "ssh:board"
    folder: str = "/tmp"
    files: dict[str, bytes] = field(default_factory=dict, hash=False, compare=False)
    lines: list[str] = field(default_factory=list, hash=False, compare=False)
    at_once: list[int] = field(default_factory=lambda: [0, 0], hash=False, compare=False)

    def run(self, command: str, *, seconds: float | None = None, cancelled: threading.Event | None = None) -> Said:
        self.lines.append(command)
        if "./edgekit_runner" not in command:
            return Said(0, self.said if "uname" in command else "", "")
        self.at_once[0] += 1
        self.at_once[1] = max(self.at_once)
        time.sleep(0.1)
        self.at_once[0] -= 1
        return Said(0, self.answer, "")

    def push(self, files: Sequence[Path], folder: str, *, cancelled: threading.Event | None = None) -> None:
        self.files.update({path.name: path.read_bytes() for path in files})

    def pull(self, file: str, folder: Path, *, cancelled: threading.Event | None = None) -> None:
        content = self.files["inputs.safetensors"] if self.outputs is None else self.outputs
        (folder / Path(file).name).write_bytes(content)


@pytest.mark.parametrize(
    ("said", "title", "architecture"),
    [
        ("aarch64\nGoogle\nPixel 7\narm64-v8a\n\n", "Google Pixel 7 (arm64-v8a)", "aarch64"),
        ("armv8l\nPoco\nPOCO C3\narmeabi-v7a\n\n", "POCO C3 (armeabi-v7a)", "armv7"),
        ("aarch64\n\nRaspberry Pi 4 Model B\n\n\n", "Raspberry Pi 4 Model B (ARM64)", "aarch64"),
        ("x86_64\n\n\n\nNUC7i3\n", "NUC7i3 (x86-64)", "x86_64"),
        ("armv7l\n", "armv7l (ARMv7 with NEON)", "armv7"),
    ],
)
def test_devices_say_what_they_are(said: str, title: str, architecture: str) -> None:
    machine = ask(Board(said))
    assert (machine.title, machine.architecture.name, machine.name) == (title, architecture, "ssh:board")


def test_what_a_device_says_is_made_fit_for_a_terminal() -> None:
    title = ask(Board("aarch64\n\n\x1b[31mred\x07" + "x" * 500 + "\n\n\n")).title
    assert "\x1b" not in title
    assert "\x07" not in title
    assert len(title) < 80


def test_devices_that_nothing_runs_on() -> None:
    with pytest.raises(UsageError, match="ssh:board is a device with riscv64, for which no runner can be built"):
        ask(Board("riscv64\n"))
    with pytest.raises(AbsentError, match="ssh:board does not say what it is"):
        ask(Board(""))


def test_only_what_has_a_runner_runs_there() -> None:
    machine = ask(Board())
    assert [name for name, target in targets().items() if target.runs_on(machine)] == ["ncnn"]
    (variant,) = targets()["ncnn"].variants_on(machine, {})
    assert variant.hosted
    assert not any(one.hosted for one in targets()["lite"].variants_on(machine, {}, with_library=True))


def test_names_are_taken_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(tmp_path, FAKE_PHONES="A1", FAKE_BOARDS="Board").items():
        monkeypatch.setenv(name, value)
    small = known_machines()["aarch64:cortex-a53"]
    found = select_any("adb, host,ADB:A1,ssh:Board,AArch64")
    assert [None if one is None else one.name for one in found] == ["adb:A1", None, "ssh:Board", small.name]
    assert [is_reached(name) for name in ("adb:A1", "adb", "ssh:x", "host", "aarch64:cortex-a53", None)] == [
        *(True, True, True, False, False, False)
    ]
    with pytest.raises(UsageError, match=r"no device nexus\. Devices are host, aarch64.*adb\[:SERIAL\] and ssh:HOST"):
        select_any("adb,nexus")
    with pytest.raises(UsageError, match="no device is named"):
        select_any(",")


def test_nobody_waits_for_answers_that_are_not_wanted_any_more() -> None:
    def answer(name: str, cancelled: threading.Event) -> str:
        if name == "first":
            raise KeyboardInterrupt
        return name if cancelled.wait(PATIENCE_SECONDS) else "waited"

    with pytest.raises(KeyboardInterrupt):
        asked_side_by_side(["first", "second"], answer)
    assert asked_side_by_side(["a", "b"], lambda name, _: name.upper()) == ["A", "B"]
    assert asked_side_by_side([], lambda name, _: name) == []


OPTIONS = {"batch": [1, 4], "threads": 2, "precision": "fp16", "latency": {"warmup": 1, "repeats": 3, "seconds": 2.0}}


def test_the_runner_is_told_what_any_runner_is_told() -> None:
    words = "--batch 1,4 --threads 2 --precision fp16 --warmup 1 --repeats 3 --seconds 2.0"
    assert " ".join(runner_words(OPTIONS)) == words
    assert "--seconds" not in runner_words({**OPTIONS, "batch": 1, "latency": None})


def inputs_of(folder: Path) -> dict[str, Path]:
    """A runner, an artifact of one file under the converter's name, and tensors."""
    (folder / "runner").mkdir(parents=True)
    (folder / "runner" / "edgekit_runner").write_bytes(b"program")
    (folder / "model.bin").write_bytes(b"weights")
    manifest = {"files": {"Net.bin": {"role": "model.bin"}}}
    (folder / "kept.json").write_text(json.dumps(manifest))
    save_file({"x": np.ones((2, 3), np.float32)}, folder / "golden.safetensors")
    return {
        "runner": folder / "runner",
        "manifest": folder / "kept.json",
        "bin": folder / "model.bin",
        "tensors": folder / "golden.safetensors",
    }


def remote(folder: Path, board: Board, cancelled: threading.Event | None = None) -> Path:
    """One run on a board; returns the folder with what it left."""
    inputs, output, scratch = inputs_of(folder), folder / "output", folder / "scratch"
    output.mkdir()
    scratch.mkdir()
    machine = RemoteMachine(board, find_architecture("aarch64"), "board")
    options = {**OPTIONS, "files": {"bin": "model.bin"}}
    cache = folder.parent / "cache"
    answer = run_remotely(machine, inputs, output, options, scratch=scratch, cache=cache, cancelled=cancelled)
    assert (answer.tools, answer.peak_memory_bytes) == ({"ncnn": "1.0"}, 4096)
    latency = dict(answer.details["latency"])
    assert abs(latency.pop("measured") - time.time()) < PATIENCE_SECONDS  # by this machine's clock
    assert (answer.details["samples"], latency) == (2, ANSWER["latency"])
    return output


def test_the_artifact_goes_there_under_its_own_names(tmp_path: Path) -> None:
    board = Board()
    output = remote(tmp_path / "one", board)
    assert sorted(board.files) == ["Net.bin", "edgekit_runner", "inputs.safetensors", "manifest.json"]
    assert board.files["Net.bin"] == b"weights"
    assert load_file(output / "outputs.safetensors")["x"].shape == (2, 3)


def test_one_run_at_a_time_has_a_device(tmp_path: Path) -> None:
    board = Board()
    runs = [threading.Thread(target=remote, args=(tmp_path / str(number), board)) for number in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sum("./edgekit_runner" in line for line in board.lines) == 3
    assert board.at_once == [0, 1]


def test_a_run_that_waits_for_a_device_can_be_cancelled(tmp_path: Path) -> None:
    from edgekit.cache.lock import file_lock
    from edgekit.filesystem.hashing import data_sha256

    board, cancelled = Board(), threading.Event()
    cancelled.set()
    with (
        file_lock(tmp_path / "cache" / "locks" / f"device-{data_sha256(board.name)[:32]}.lock"),
        pytest.raises(Cancelled),
    ):
        remote(tmp_path / "one", board, cancelled)
    assert board.lines == []


@pytest.mark.parametrize(
    ("board", "message"),
    [
        (Board(outputs=b"\xff" * 64), "what ssh:board gave as outputs cannot be read"),
        (Board(outputs=b""), "what ssh:board gave as outputs cannot be read"),
        (Board(answer='{"samples": "two"}'), "what edgekit_runner said on ssh:board cannot be read"),
        (Board(answer='{"a": 1, "a": 2}'), "edgekit_runner ended with status 0 on ssh:board"),
        (Board(answer="[" * 100_000), "edgekit_runner ended with status 0 on ssh:board"),
    ],
    ids=["noise", "nothing", "types", "twice", "deep"],
)
def test_what_a_device_gives_is_read_as_a_strangers(tmp_path: Path, board: Board, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        remote(tmp_path / "one", board)


def test_a_latency_without_its_figures_is_none_that_can_be_printed() -> None:
    with pytest.raises(ConversionError, match="cannot be read"):
        answered({**ANSWER, "latency": {"p50_ms": "fast"}}, "ssh:board", 1.0)
    with pytest.raises(ConversionError, match="cannot be read"):
        answered({**ANSWER, "latency": {"p50_ms": 1.0}}, "ssh:board", 1.0)
