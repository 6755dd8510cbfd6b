"""How an artifact runs on a device that is reached by a cable or a network: push, run, pull, clear away.

The device runs `edgekit_runner`, one executable: it needs no Python and nothing installed. How files and commands get
there is a `Connection`'s business (adb, ssh), and all that they can fail at is told in one sentence here.
"""

import shlex
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.devices.connection import Connection, Said
from edgekit.devices.remote_errors import full, last_words
from edgekit.devices.remote_folder import NUMBER, folder_on
from edgekit.errors import ConversionError, UsageError
from edgekit.filesystem.full_disk import says_full
from edgekit.untrusted.files import open_regular
from edgekit.untrusted.json_document import plain_json
from edgekit.untrusted.values import Unusable

# ELF's e_machine, by what `uname -m` says of a processor that runs such a program.
ELF_MACHINES = {"aarch64": 183, "armv7l": 40, "armv8l": 40, "x86_64": 62}
REFUSED = 2
INPUTS, OUTPUTS, RUNNER = "inputs.safetensors", "outputs.safetensors", "edgekit_runner"


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
            connection.push([self.runner, *self.artifact, self.tensors], folder, cancelled=cancelled)
            said = connection.run(self.line(folder), cancelled=cancelled)
            document = answer(connection, said)
            connection.pull(f"{folder}/{OUTPUTS}", outputs, cancelled=cancelled)
        return document

    def line(self, folder: str) -> str:
        """What the device's shell runs. The shell stays, and writes down whom to end."""
        program = self.runner.name
        words = shlex.join(["--run", self.tensors.name, "--outputs", OUTPUTS, ".", *self.options])
        started = f"{{ ./{program} {words} & echo $! > {NUMBER}; wait $!; }}"
        return f"cd {shlex.quote(folder)} && chmod +x {program} && {started}"


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
    with open_regular(program, "program") as stream:
        head = stream.read(20)
    return struct.unpack_from("<H", head, 18)[0] if len(head) == 20 and head.startswith(b"\x7fELF") else None


def answer(connection: Connection, said: Said) -> Mapping[str, Any]:
    """What the runner says, by its exit status (see runtime/)."""
    try:
        document = plain_json(said.stdout.encode())
    except Unusable:
        document = None
    told = document if isinstance(document, dict) else {}
    error = told.get("error")
    if said.status == 0 and told and error is None:
        return told
    if says_full(said.stdout + said.stderr):
        raise full(connection)
    # An adb of 2016 and before has no status but 0.
    if said.status in (REFUSED, 0) and isinstance(error, str):
        raise UsageError(f"on {connection.name}: {error}")
    if "not executable" in said.stderr or "Exec format error" in said.stderr:
        raise UsageError(f"{connection.name} cannot run such programs", "Build the runner for its processor.")
    ended = f"edgekit_runner ended with status {said.status} on {connection.name}"
    raise ConversionError(f"{ended}: {last_words(said.stdout, said.stderr)}")
