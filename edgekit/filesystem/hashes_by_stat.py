"""SHA-256 of files, remembered by what `stat` says of them: a second look at a large file costs nothing."""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from edgekit.cache.record import read_record, write_record
from edgekit.filesystem.hashing import data_sha256, file_sha256
from edgekit.untrusted.files import resolved

FOLDER = "hashes"
# A file changed within the clock's grain after it was hashed would look unchanged: young ones are not kept. Linux's
# file systems stamp with the kernel's tick (10 ms at most); those that stamp whole seconds show it (FAT: two).
_FINE_NS, _FINE_SETTLED_NS = 10_000_000, 30_000_000
_COARSE_SETTLED_NS = 2_000_000_000
# How old the sign of a record's last use may become.
USED_SECONDS = 600

Identity = tuple[int, int, int, int, int]


class Remembered(Struct, frozen=True):
    """What is known of a file: the SHA-256 of its bytes, and what `stat` said while it was found.

    That is its size, the times in nanoseconds of the last change of its content and of the last change of anything
    (which nobody can set), its inode and device.
    """

    path: str
    identity: Identity
    sha256: str


@dataclass(frozen=True)
class Hashed:
    """The SHA-256 of a file's bytes, its `stat` before they were read, and when that was, in nanoseconds."""

    sha256: str
    identity: Identity
    began: int


def remembered_sha256(path: Path, cache: Path) -> str:
    """Return the SHA-256 of a file's bytes in hex; `cache` is edgekit's cache folder.

    The file is read again when anything has changed that `stat` tells: the path, size, times or inode.
    """
    path = resolved(path)
    record = record_of(path, cache)
    known = read_record(record, Remembered)
    if known is not None and known.path == str(path) and known.identity == identity_of(path):
        mark_used(record)
        return known.sha256
    found = hashed(path)
    remember(path, found, cache)
    return found.sha256


def hashed(path: Path) -> Hashed:
    """Read a file and hash it. Raises OSError."""
    before, began = identity_of(path), time.time_ns()
    return Hashed(file_sha256(path), before, began)


def remember(path: Path, found: Hashed, cache: Path) -> None:
    """Keep what was `found` of the file that is at `path` now, unless it has changed since, or may without a sign.

    Raises ConversionError where the disk does not take it.
    """
    path = path.resolve()
    newest = max(found.identity[1:3])
    settled = _FINE_SETTLED_NS if newest % _FINE_NS else _COARSE_SETTLED_NS
    if found.began - newest > settled and identity_of(path) == found.identity:
        write_record(record_of(path, cache), Remembered(str(path), found.identity, found.sha256))


def record_of(path: Path, cache: Path) -> Path:
    """Where the memory of a file lies; `path` is resolved."""
    return cache / FOLDER / f"{data_sha256(str(path))[:32]}.json"


def mark_used(path: Path) -> None:
    """Set the times of a record or a folder of the cache to now: what was used least recently is evicted first."""
    # Where it cannot be, on a disk that is only read, nothing but that order suffers.
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > USED_SECONDS:
            os.utime(path)


def identity_of(path: Path) -> Identity:
    """What `stat` says of a file's content. Raises OSError."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev
