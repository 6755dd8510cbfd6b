"""Who is using the cache: each running edgekit holds a lock of its own, so that nothing it uses is removed.

Beside its lock it notes what it claims, one line each: a run that removes what it has done with leaves that alone which
another still needs.
"""

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.filesystem.writing import disk_errors

FOLDER = Path("locks", "sessions")
CLAIMED, RELEASED = "+", "-"


@dataclass
class Session:
    """One use of a cache by this process: its lock, and the keys of the stages that it claims."""

    path: Path
    keys: set[str] = field(default_factory=set)

    def note(self, sign: str, key: str) -> None:
        """Write a line. On a full disk none is written, and the key is not protected from others."""
        with contextlib.suppress(OSError), claims_of(self.path).open("a") as stream:
            stream.write(f"{sign}{key}\n")


_SESSIONS: dict[Path, list[Session]] = {}
"""This process's uses of each cache, the outermost first."""


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
        session = Session(path)
        of_cache = _SESSIONS.setdefault(cache, [])
        of_cache.append(session)
        try:
            yield
        finally:
            of_cache.remove(session)
            clear(path)


def claim(cache: Path, key: str) -> None:
    """Note that this process uses the stage of that key until it releases it or ends."""
    for session in _SESSIONS.get(cache, [])[:1]:
        if key not in session.keys:
            session.keys.add(key)
            session.note(CLAIMED, key)


def release(cache: Path, key: str) -> None:
    """Note that this process has done with the stage of that key."""
    for session in _SESSIONS.get(cache, []):
        if key in session.keys:
            session.keys.remove(key)
            session.note(RELEASED, key)


def claimed_by_others(cache: Path, key: str) -> bool:
    """Whether another process that runs now uses the stage of that key."""
    own = {session.path for session in _SESSIONS.get(cache, [])}
    return any(key in claims(path) for path, _ in running(cache) if path not in own)


def claims_of(path: Path) -> Path:
    """Where the session of that lock notes what it claims."""
    return path.with_suffix(".claims")


def clear(path: Path) -> None:
    """Remove what a session has left."""
    path.unlink(missing_ok=True)
    claims_of(path).unlink(missing_ok=True)


def claims(path: Path) -> set[str]:
    """The keys that the session of that lock claims; none where it has ended meanwhile."""
    keys: set[str] = set()
    try:
        lines = claims_of(path).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return keys
    for line in lines:
        (keys.add if line.startswith(CLAIMED) else keys.discard)(line[1:])
    return keys


def running_since(cache: Path) -> float | None:
    """When the first of those that use the cache now began, in seconds since 1970; None where nobody does."""
    return min((began for _, began in running(cache)), default=None)


def running(cache: Path) -> list[tuple[Path, float]]:
    """The locks of those that use the cache now, and when each began, in seconds since 1970.

    What was left by those that were killed is cleared away.
    """
    found = []
    for path in sorted((cache / FOLDER).glob("*.lock")):
        if not path.is_file():
            continue  # a folder or a pipe, which no edgekit makes
        began = 0.0
        try:
            with path.open("rb") as stream:
                began = os.fstat(stream.fileno()).st_mtime
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                clear(path)
        except FileNotFoundError:
            continue  # it has ended meanwhile
        except BlockingIOError:
            found.append((path, began))
    return found
