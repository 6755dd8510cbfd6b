"""Runs an artifact on a device in the place of a worker: the same inputs and options, the same files and details."""

import json
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import Struct

from edgekit.cache.lock import acquire, file_lock
from edgekit.devices.remote import INPUTS, OUTPUTS, RUNNER, RemoteRun
from edgekit.devices.remote_machine import RemoteMachine
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
        started = time.perf_counter()
        said = run.on(machine.connection, output, cancelled=cancelled)
        seconds = time.perf_counter() - started
    finally:
        lock.release()
    (scratch / LOG).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    try:
        read_header(output / OUTPUTS, what="file of outputs")
    except UsageError as error:
        raise ConversionError(f"what {machine.name} gave as outputs cannot be read: {error.message}") from None
    return answered(said, machine.name, seconds)


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
    batch, timing = options["batch"], options["latency"]
    sizes = batch if isinstance(batch, list) else [batch]
    return (
        *("--batch", ",".join(map(str, sizes)), "--threads", str(options["threads"])),
        *("--precision", options["precision"]),
        *((word for name, value in timing.items() for word in (f"--{name}", str(value))) if timing else ()),
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


class Latency(Struct, frozen=True):
    """Milliseconds of one call, and how many there were."""

    p50_ms: float
    p95_ms: float
    min_ms: float
    repeats: int


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
    latency = found.latency and {**msgspec.to_builtins(found.latency), "measured": round(time.time())}
    details = {"samples": found.samples, "latency": latency}
    return RemoteAnswer(details, tools, seconds, found.memory.peak_bytes or 0)
