"""Who is using the cache: each running edgekit holds a lock of its own, so that nothing it uses is removed."""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.filesystem.writing import disk_errors

FOLDER = Path("locks", "sessions")


@contextmanager
def in_use(cache: Path) -> Iterator[None]:
    """Keep what is used from now on from being removed by others, for the length of the block.

    Raises ConversionError where the disk takes no file.
    """
    path = cache / FOLDER / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.lock"
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("wb")
    with stream:
        # The system lets go of it whatever ends this process. (filelock takes 80 ms to import, at every start.)
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def running_since(cache: Path) -> float | None:
    """When the first of those that use the cache now began, in seconds since 1970; None where nobody does.

    What was left by those that were killed is cleared away.
    """
    began = []
    for path in sorted((cache / FOLDER).glob("*.lock")):
        if not path.is_file():
            continue  # a folder or a pipe, which no edgekit makes
        started = 0.0
        try:
            with path.open("rb") as stream:
                started = os.fstat(stream.fileno()).st_mtime
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # it has ended meanwhile
        except BlockingIOError:
            began.append(started)
    return min(began, default=None)
