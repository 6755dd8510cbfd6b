"""How an artifact runs on a device that is reached by a cable or a network: push, run, pull, clear away.

The device runs `edgekit_runner`, one executable: it needs no Python and nothing installed. How files and commands get
there is a `Connection`'s business (adb, ssh), and all that they can fail at is told in one sentence here.
"""

import json
import secrets
import shlex
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from edgekit.errors import AbsentError, ConversionError, EdgekitError, UsageError
from edgekit.filesystem.full_disk import says_full

# ELF's e_machine, by what `uname -m` says of a processor that runs such a program.
ELF_MACHINES = {"aarch64": 183, "armv7l": 40, "armv8l": 40, "x86_64": 62}
REFUSED, FAILED = 2, 1
INPUTS, OUTPUTS, RUNNER = "inputs.safetensors", "outputs.safetensors", "edgekit_runner"


@dataclass(frozen=True)
class Said:
    """What a command on a device ended with."""

    status: int
    stdout: str
    stderr: str


class Connection(Protocol):
    """A device that can be reached. Every call raises AbsentError, naming the way out, once it cannot be any more."""

    @property
    def name(self) -> str:
        """As `--device` takes it."""
        ...

    @property
    def folder(self) -> str:
        """Where programs may be put and started, on the device."""
        ...

    def run(self, command: str, *, cancelled: threading.Event | None = None) -> Said:
        """Run a line of shell on the device."""
        ...

    def push(self, files: Sequence[Path], folder: str) -> None:
        """Copy files into a folder on the device."""
        ...

    def pull(self, file: str, folder: Path) -> None:
        """Copy a file of the device into a folder here."""
        ...


@dataclass(frozen=True)
class RemoteRun:
    """What runs: the `runner` for the device's processor, the files of one artifact, and its inputs as tensors."""

    runner: Path
    artifact: Sequence[Path]
    tensors: Path
    options: Sequence[str] = ()

    def on(
        self, connection: Connection, outputs: Path, *, cancelled: threading.Event | None = None
    ) -> Mapping[str, Any]:
        """Run it, leave `outputs.safetensors` in the folder `outputs`, and return what the runner says of the run.

        Nothing stays on the device, whatever happens. Raises AbsentError where the device is not to be had, or full,
        UsageError for a runner that is for other processors, or an artifact that it refuses, ConversionError where it
        crashes, Cancelled.
        """
        check_processor(self.runner, connection)
        with folder_on(connection) as folder:
            connection.push([self.runner, *self.artifact, self.tensors], folder)
            place = shlex.quote(folder)
            words = ["--run", self.tensors.name, "--outputs", OUTPUTS, ".", *self.options]
            line = f"cd {place} && chmod +x {self.runner.name} && ./{self.runner.name} {shlex.join(words)}"
            said = connection.run(line, cancelled=cancelled)
            document = answer(connection, said)
            connection.pull(f"{folder}/{OUTPUTS}", outputs)
        return document


def check_processor(runner: Path, connection: Connection) -> None:
    """Raise UsageError where a runner is a program for other processors than the device's."""
    machine = connection.run("uname -m").stdout.strip()
    made_for = elf_machine(runner)
    if made_for is not None and ELF_MACHINES.get(machine, made_for) != made_for:
        names = [name for name, number in ELF_MACHINES.items() if number == made_for]
        raise UsageError(
            f"{connection.name} is a device with {machine}, and {runner.name} is for {' or '.join(names)}",
            "Build the runner for it.",
        )


def elf_machine(program: Path) -> int | None:
    """The processor that a program is for (ELF header, `e_machine` at byte 18); None for what is no such file."""
    with program.open("rb") as stream:
        head = stream.read(20)
    return struct.unpack_from("<H", head, 18)[0] if len(head) == 20 and head.startswith(b"\x7fELF") else None


@contextmanager
def folder_on(connection: Connection) -> Iterator[str]:
    """A folder of our own on the device, which goes in the end; one that is out of reach by then is left."""
    folder = f"{connection.folder}/edgekit-{secrets.token_hex(8)}"
    made = connection.run(f"mkdir -p {shlex.quote(folder)}")
    if made.status:
        raise unwritable(connection, made)
    try:
        yield folder
    finally:
        with suppress(AbsentError):
            connection.run(f"rm -rf {shlex.quote(folder)}")


def answer(connection: Connection, said: Said) -> Mapping[str, Any]:
    """What the runner says, by its exit status (see runtime/)."""
    try:
        document = json.loads(said.stdout)
    except ValueError:
        document = None
    if said.status == 0 and isinstance(document, dict):
        return document
    if says_full(said.stdout + said.stderr):
        raise full(connection)
    if said.status == REFUSED and isinstance(document, dict) and isinstance(document.get("error"), str):
        raise UsageError(f"on {connection.name}: {document['error']}")
    if "not executable" in said.stderr or "Exec format error" in said.stderr:
        raise UsageError(f"{connection.name} cannot run such programs", "Build the runner for its processor.")
    last = (said.stderr.strip() or said.stdout.strip() or "no message").splitlines()[-1]
    raise ConversionError(f"edgekit_runner ended with status {said.status} on {connection.name}: {last}")


def unwritable(connection: Connection, said: Said) -> EdgekitError:
    """Why no folder could be made."""
    if says_full(said.stdout + said.stderr):
        return full(connection)
    last = (said.stderr.strip() or said.stdout.strip() or "no message").splitlines()[-1]
    return AbsentError(f"{connection.folder} on {connection.name} cannot be written to: {last}")


def full(connection: Connection) -> AbsentError:
    """The error of a device without room."""
    return AbsentError(f"there is no room left on {connection.name}", f"Clear {connection.folder} on it.")
