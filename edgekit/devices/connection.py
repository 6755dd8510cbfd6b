"""What can be done with a device that is reached by a cable or a network."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


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

    def run(self, command: str, *, seconds: float | None = None, cancelled: threading.Event | None = None) -> Said:
        """Run a line of shell on the device, for at most `seconds`, or as long as the connection allows any."""
        ...

    def push(self, files: Sequence[Path], folder: str, *, cancelled: threading.Event | None = None) -> None:
        """Copy files into a folder on the device."""
        ...

    def pull(self, file: str, folder: Path, *, cancelled: threading.Event | None = None) -> None:
        """Copy a file of the device into a folder here."""
        ...
