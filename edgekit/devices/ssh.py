"""A board on the network, by `ssh`; keys and host names are those of the user's own configuration."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.devices.client import call
from edgekit.devices.connection import Said
from edgekit.devices.remote_errors import full, last_words
from edgekit.errors import AbsentError, UsageError
from edgekit.filesystem.full_disk import says_full

# Never a question that nobody sees, and no waiting for a board that is switched off.
OPTIONS = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=15")
UNREACHED = 255  # ssh's own status; any other is the command's


@dataclass(frozen=True)
class Ssh:
    """One board, by its host name."""

    host: str
    seconds: float = 1800.0
    program: str = "ssh"
    copier: str = "scp"
    folder: str = "/tmp"

    def __post_init__(self) -> None:
        if not self.host or self.host.startswith("-"):
            raise UsageError(f"{self.host or 'nothing'} is no host", "Name one, as in ssh:board or ssh:me@board.")

    @property
    def name(self) -> str:
        """As `--device` takes it."""
        return f"ssh:{self.host}"

    def run(self, command: str, *, seconds: float | None = None, cancelled: threading.Event | None = None) -> Said:
        """A line of shell on the board."""
        bound = self.seconds if seconds is None else seconds
        ended = call([self.program, *OPTIONS, self.host, command], self.name, bound, cancelled)
        if ended.returncode == UNREACHED:
            last = last_words("", ended.stderr)
            raise AbsentError(f"{self.name} cannot be reached: {last}", f"Try `ssh {self.host}` by hand.")
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def push(self, files: Sequence[Path], folder: str, *, cancelled: threading.Event | None = None) -> None:
        """Copy files to the board."""
        self.copy([*map(str, files), f"{self.host}:{folder}/"], cancelled)

    def pull(self, file: str, folder: Path, *, cancelled: threading.Event | None = None) -> None:
        """Copy a file from the board."""
        self.copy([f"{self.host}:{file}", str(folder)], cancelled)

    def copy(self, words: Sequence[str], cancelled: threading.Event | None) -> None:
        """Copy by scp. Raises AbsentError where it fails."""
        ended = call([self.copier, "-q", *OPTIONS, *words], self.name, self.seconds, cancelled)
        if ended.returncode:
            if says_full(ended.stderr):
                raise full(self)
            last = last_words("", ended.stderr)
            raise AbsentError(f"files could not be copied to or from {self.name}: {last}")
