"""Runs an artifact on a device in the place of a worker: the same inputs and options, the same files and details."""

import json
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from edgekit.cache.lock import acquire, file_lock
from edgekit.devices.remote import INPUTS, OUTPUTS, RUNNER, RemoteRun
from edgekit.devices.remote_machine import ASK_SECONDS, RemoteMachine
from edgekit.devices.system_state import shell_line, shell_texts
from edgekit.errors import ConversionError, UsageError
from edgekit.filesystem.hashing import data_sha256
from edgekit.toolchain.command import Cancelled
from edgekit.untrusted.safetensors_header import read_header

LOG = "worker.log"


@dataclass(frozen=True)
class RemoteAnswer:
    """What a runner has that a worker's result says."""

    details: dict[str, Any]
    tools: dict[str, str]
    seconds: float
    peak_memory_bytes: int


def run_remotely(
    machine: RemoteMachine,
    inputs: Mapping[str, Path],
    output: Path,
    options: Mapping[str, Any],
    *,
    scratch: Path,
    cache: Path,
    cancelled: threading.Event | None = None,
) -> RemoteAnswer:
    """Run an artifact there; leaves outputs.safetensors, by the program's names, in `output`.

    `inputs`: `runner` (a folder with the program), `manifest`, `tensors`, and the artifact's files by the roles that
    the option `files` maps to the manifest's. Other options are `batch`, `threads`, `precision` and `latency`, as any
    runner has them. One run at a time has a device, those of other processes included. Raises what `RemoteRun.on` does.
    """
    run = RemoteRun(
        inputs["runner"] / RUNNER,
        artifact_files(inputs, options["files"], scratch / "artifact"),
        copied(inputs["tensors"], scratch / "artifact" / INPUTS),
        runner_words(options),
    )
    lock = file_lock(cache / "locks" / f"device-{data_sha256(machine.name)[:32]}.lock")
    if not acquire(lock, cancelled or threading.Event()):
        raise Cancelled
    try:
        patterns = (options["latency"] or {}).get("files", ())
        before = system_texts(machine, patterns, cancelled)
        started = time.perf_counter()
        said = run.on(machine.connection, output, cancelled=cancelled)
        seconds = time.perf_counter() - started
        after = system_texts(machine, patterns, cancelled)
    finally:
        lock.release()
    (scratch / LOG).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    try:
        read_header(output / OUTPUTS, what="file of outputs")
    except UsageError as error:
        raise ConversionError(f"what {machine.name} gave as outputs cannot be read: {error.message}") from None
    found = answered(said, machine.name, seconds)
    if patterns and found.details["latency"]:
        found.details["latency"] |= {"files_before": before, "files_after": after}
    return found


def system_texts(
    machine: RemoteMachine, patterns: Sequence[str], cancelled: threading.Event | None = None
) -> dict[str, str] | None:
    """What the device's system says of itself in files of such patterns; None where nothing is asked."""
    if not patterns:
        return None
    said = machine.connection.run(shell_line(patterns), seconds=ASK_SECONDS, cancelled=cancelled)
    return shell_texts(said.stdout)


def artifact_files(inputs: Mapping[str, Path], roles: Mapping[str, str], folder: Path) -> list[Path]:
    """The artifact as it was: its files and its manifest, in `folder`, under their own names."""
    folder.mkdir()
    manifest = copied(inputs["manifest"], folder / "manifest.json")
    by_role = {role: inputs[own] for own, role in roles.items()}
    files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    return [manifest, *(copied(by_role[entry["role"]], folder / Path(name).name) for name, entry in files.items())]


def copied(source: Path, place: Path) -> Path:
    """A file under the name that it has on the device."""
    shutil.copyfile(source, place)
    return place


def runner_words(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The runner's flags (runtime/runner/arguments.cpp)."""
    batch, timing = options["batch"], {name: value for name, value in (options["latency"] or {}).items() if value}
    timing.pop("files", None)
    sizes = batch if isinstance(batch, list) else [batch]
    return (
        *("--batch", ",".join(map(str, sizes)), "--threads", str(options["threads"])),
        *("--precision", options["precision"]),
        *(("--cores", ",".join(map(str, options["cores"]))) if options.get("cores") else ()),
        *(word for name, value in timing.items() for word in (f"--{name.replace('_', '-')}", str(value))),
    )


class Version(Struct, frozen=True):
    """What the runner says of itself."""

    backend: str
    backend_version: str
    compiler: str = ""
    architecture: str = ""


class Memory(Struct, frozen=True):
    """The largest resident size of its process, in bytes, where the system says it."""

    peak_bytes: int | None = None


Positive = Annotated[float, Meta(gt=0)]


class Latency(Struct, frozen=True):
    """Milliseconds of one call, and how many there were; with `blocks` what tells whether they stayed the same."""

    p50_ms: Positive
    p95_ms: Positive
    min_ms: Positive
    repeats: Annotated[int, Meta(ge=1)]
    seconds: Positive | None = None
    blocks_ms: list[Positive] = []
    minutes_ms: list[Positive] = []
    clocks_khz: list[int] = []
    clock_seconds: Positive = 1.0


class Answer(Struct, frozen=True):
    """What of the runner's JSON is used (runtime/report/report.cpp)."""

    version: Version
    samples: int
    latency: Latency | None = None
    memory: Memory = Memory()


def answered(said: Mapping[str, Any], name: str, seconds: float) -> RemoteAnswer:
    """The runner's JSON as a worker's result. Raises ConversionError for another one's."""
    import msgspec

    try:
        found = msgspec.convert(said, Answer)
    except msgspec.ValidationError as error:
        raise ConversionError(f"what edgekit_runner said on {name} cannot be read: {error}") from None
    tools = {found.version.backend: found.version.backend_version}
    # Measured now, by this machine's clock: a board without a battery lives in 1970.
    latency = found.latency and {**latency_document(found.latency), "measured": round(time.time())}
    details = {"samples": found.samples, "latency": latency}
    return RemoteAnswer(details, tools, seconds, found.memory.peak_bytes or 0)


def latency_document(latency: Latency) -> dict[str, Any]:
    """A latency as workers tell it: what was not asked for is not in it."""
    import msgspec

    told = msgspec.to_builtins(latency)
    return told if latency.blocks_ms else {name: told[name] for name in ("p50_ms", "p95_ms", "min_ms", "repeats")}
