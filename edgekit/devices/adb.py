"""A phone on a cable, by Android's `adb`."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.devices.client import call
from edgekit.devices.connection import Said
from edgekit.devices.remote_errors import full, last_words
from edgekit.errors import AbsentError, UsageError
from edgekit.filesystem.full_disk import says_full

STATES = {
    "offline": "is offline: plug it in again, or restart adb with `adb kill-server`",
    "unauthorized": "has not been told to trust this machine: unlock it and allow USB debugging",
    "no permissions": "may not be used by this user: see `adb devices`",
}
LIST_SECONDS = 60.0
# `adb push` says it with more words: "adb: error: failed to get feature set: device 'X' not found".
GONE = re.compile(r"(?m)^(?:adb: )?error: (?:.*device '.*' not found|no devices|device offline|closed|protocol fault)")


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

    def run(self, command: str, *, seconds: float | None = None, cancelled: threading.Event | None = None) -> Said:
        """A line of shell on the phone."""
        return self.adb(["shell", command], seconds, cancelled)

    def push(self, files: Sequence[Path], folder: str, *, cancelled: threading.Event | None = None) -> None:
        """Copy files to the phone."""
        said = self.adb(["push", *map(str, files), folder], cancelled=cancelled)
        self.copied(said, "files could not be copied to")

    def pull(self, file: str, folder: Path, *, cancelled: threading.Event | None = None) -> None:
        """Copy a file from the phone."""
        said = self.adb(["pull", file, str(folder)], cancelled=cancelled)
        self.copied(said, f"{Path(file).name} could not be copied from")

    def adb(self, words: Sequence[str], seconds: float | None = None, cancelled: threading.Event | None = None) -> Said:
        """What adb says. Raises AbsentError where the phone is gone."""
        bound = self.seconds if seconds is None else seconds
        ended = call([self.program, "-s", self.serial, *words], self.name, bound, cancelled)
        if ended.returncode and GONE.search(ended.stderr):
            raise AbsentError(f"{self.name} is gone: {ended.stderr.strip()}", "Plug it in, and run again.")
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def copied(self, said: Said, what: str) -> None:
        """Raise what kept adb from copying."""
        if said.status == 0:
            return
        if says_full(said.stdout + said.stderr):
            raise full(self)
        raise AbsentError(f"{what} {self.name}: {last_words(said.stdout, said.stderr)}")


def phones(*, program: str = "adb", cancelled: threading.Event | None = None) -> dict[str, str]:
    """The state of every phone on a cable, by its serial number. Raises AbsentError where adb is not here."""
    listed = call([program, "devices"], "a phone", LIST_SECONDS, cancelled)
    if listed.returncode:
        raise AbsentError(f"adb does not list phones: {last_words(listed.stdout, listed.stderr)}")
    lines = [line.partition("\t") for line in listed.stdout.splitlines() if "\t" in line]
    return {serial: state.strip() for serial, _, state in lines}


def trouble(serial: str, state: str) -> str:
    """What keeps a phone in such a state from being used, in words; empty where nothing does."""
    if state == "device":
        return ""
    why = next((words for start, words in STATES.items() if state.startswith(start)), f"is in the state {state}")
    return f"adb:{serial} {why}"


def find_phone(
    serial: str | None = None,
    *,
    program: str = "adb",
    seconds: float = 1800.0,
    cancelled: threading.Event | None = None,
) -> Adb:
    """The phone with that serial number, or the only one there is.

    Raises AbsentError where there is none that can be used, with what keeps it, and UsageError where there are several.
    """
    found = phones(program=program, cancelled=cancelled)
    if serial is None:
        if len(found) > 1:
            raise UsageError(
                f"{len(found)} phones are plugged in", f"Name one: {', '.join(f'adb:{one}' for one in found)}."
            )
        if not found:
            raise AbsentError("no phone is plugged in", "Plug one in, with USB debugging switched on.")
        serial = next(iter(found))
    state = found.get(serial)
    if state is None:
        raise AbsentError(f"there is no phone {serial}", f"Phones are {', '.join(found) or 'none'}.")
    if why := trouble(serial, state):
        raise AbsentError(why)
    return Adb(serial, seconds, program)
