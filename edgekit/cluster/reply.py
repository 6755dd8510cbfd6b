"""What a task answers: what it made, or an error for the user. Errors of Python do not keep a remedy on their way."""

import platform
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from edgekit import errors
from edgekit.errors import ConversionError, DiskFullError, EdgekitError, WorkerError
from edgekit.filesystem.writing import full_disk_reported
from edgekit.pipeline.store import StageStore

T = TypeVar("T")

LONGEST_LOG = 1 << 20
"""Bytes of a failed stage's log that travel: its end."""


@dataclass
class Reply(Generic[T]):
    """What came of a task on `host`: a value, or an error by its kind; `said` are lines for the user.

    `log` is the end of a failed stage's log, which lies at `log_path` on that machine.
    """

    host: str
    value: T | None = None
    kind: str = ""
    message: str = ""
    remedy: str = ""
    log: bytes = b""
    log_path: str = ""
    said: list[str] = field(default_factory=list)

    def result(self, cache: Path) -> T:
        """The value; raises the error, its log now in this machine's `cache`."""
        if not self.kind:
            assert self.value is not None  # as `answered` makes it
            return self.value
        remedy = self.remedy
        if self.log_path:
            kept = cache / "logs" / Path(self.log_path).name
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(self.log)
            remedy = remedy.replace(self.log_path, str(kept))
        found = getattr(errors, self.kind, ConversionError)
        raise found(self.message, remedy)


def answered(store: StageStore, said: list[str], work: Callable[[], T]) -> Reply[T]:
    """Do the work, and answer with what comes of it."""
    host = platform.node()
    try:
        with full_disk_reported(store.root):
            return Reply(host, work(), said=said)
    except EdgekitError as error:
        log = next((path for path in (store.cache / "logs").glob("*.log") if str(path) in error.remedy), None)
        content = log.read_bytes()[-LONGEST_LOG:] if log else b""
        place = str(log) if log else ""
        # A path alone does not say which machine's disk is full.
        message = f"{host}: {error.message}" if isinstance(error, DiskFullError) else error.message
        return Reply(host, None, type(error).__name__, message, error.remedy, content, place, said)
    except OSError as error:
        message = f"{host}: {error.strerror or error}: {error.filename or ''}".rstrip(": ")
        return Reply(host, None, ConversionError.__name__, message, said=said)
    except Exception:  # a fault of edgekit's own: it is to be seen, where the command runs
        last = traceback.format_exc().strip()
        return Reply(host, None, WorkerError.__name__, f"a fault of edgekit on {host}: {last}", said=said)
