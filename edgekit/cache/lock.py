"""Locks in the cache: one run at a time makes a thing, and what is in use is not removed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.cache.record import clear_place
from edgekit.filesystem.writing import disk_errors

if TYPE_CHECKING:
    from filelock import FileLock

POLL_SECONDS = 0.1


def file_lock(path: Path) -> "FileLock":
    """The lock at `path`, not yet held. What is no file in its place is cleared away: the cache holds none there.

    Raises ConversionError where the disk takes no file.
    """
    from filelock import FileLock

    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            clear_place(path)
        path.touch()
    return FileLock(path, thread_local=False)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock at `path`, however long another process has it."""
    with file_lock(path):
        yield


def acquire(lock: "FileLock", cancelled: threading.Event) -> bool:
    """Get a lock, looking now and then whether it is still wanted; False where it is not."""
    from filelock import Timeout

    while True:
        try:
            lock.acquire(timeout=0, poll_interval=POLL_SECONDS)
            return True
        except Timeout:
            if cancelled.wait(POLL_SECONDS):
                return False
