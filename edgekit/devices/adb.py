"""A phone on a cable, by Android's `adb`."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.devices.client import call
from edgekit.devices.remote import Said, full
from edgekit.errors import AbsentError, UsageError
from edgekit.filesystem.full_disk import says_full

STATES = {
    "offline": "is offline: plug it in again, or restart adb with `adb kill-server`",
    "unauthorized": "has not been told to trust this machine: unlock it and allow USB debugging",
    "no permissions": "may not be used by this user: see `adb devices`",
}
GONE = re.compile(r"error: (?:device .*not found|no devices|device offline|closed|protocol fault)")


@dataclass(frozen=True)
class Adb:
    """One phone, by its serial number."""

    serial: str
    seconds: float = 1800.0
    program: str = "adb"
    folder: str = "/data/local/tmp"

    @property
    def name(self) -> str:
        """As `--device` takes it."""
        return f"adb:{self.serial}"

    def run(self, command: str, *, cancelled: threading.Event | None = None) -> Said:
        """A line of shell on the phone."""
        return self.adb(["shell", command], cancelled)

    def push(self, files: Sequence[Path], folder: str) -> None:
        """Copy files to the phone."""
        self.copied(self.adb(["push", *map(str, files), folder]), "files could not be copied to")

    def pull(self, file: str, folder: Path) -> None:
        """Copy a file from the phone."""
        self.copied(self.adb(["pull", file, str(folder)]), f"{Path(file).name} could not be copied from")

    def adb(self, words: Sequence[str], cancelled: threading.Event | None = None) -> Said:
        """What adb says. Raises AbsentError where the phone is gone."""
        ended = call([self.program, "-s", self.serial, *words], self.name, self.seconds, cancelled)
        if ended.returncode and GONE.search(ended.stderr):
            raise AbsentError(f"{self.name} is gone: {ended.stderr.strip()}", "Plug it in, and run again.")
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def copied(self, said: Said, what: str) -> None:
        """Raise what kept adb from copying."""
        if said.status == 0:
            return
        if says_full(said.stdout + said.stderr):
            raise full(self)
        last = (said.stderr.strip() or said.stdout.strip() or "no message").splitlines()[-1]
        raise AbsentError(f"{what} {self.name}: {last}")


def find_phone(serial: str | None = None, *, program: str = "adb", seconds: float = 1800.0) -> Adb:
    """The phone with that serial number, or the only one there is.

    Raises AbsentError where there is none that can be used, with what keeps it, and UsageError where there are several.
    """
    listed = call([program, "devices"], "a phone", 60.0).stdout
    lines = [line.partition("\t") for line in listed.splitlines()[1:] if "\t" in line]
    phones = {one: state.strip() for one, _, state in lines}
    if serial is None:
        if len(phones) > 1:
            raise UsageError(
                f"{len(phones)} phones are plugged in", f"Name one: {', '.join(f'adb:{p}' for p in phones)}."
            )
        if not phones:
            raise AbsentError("no phone is plugged in", "Plug one in, with USB debugging switched on.")
        serial = next(iter(phones))
    state = phones.get(serial)
    if state is None:
        raise AbsentError(f"there is no phone {serial}", f"Phones are {', '.join(phones) or 'none'}.")
    if state != "device":
        why = next((words for start, words in STATES.items() if state.startswith(start)), f"is in the state {state}")
        raise AbsentError(f"adb:{serial} {why}")
    return Adb(serial, seconds, program)
