"""Single files that the cache keeps, each with a record beside it that says what its bytes are."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from edgekit.cache.lock import locked
from edgekit.cache.record import read_record, write_record, write_whole
from edgekit.filesystem.hashes_by_stat import hashed, remember, remembered_sha256

Notify = Callable[[str], None]


class Kept(Struct, frozen=True):
    """What is known of a kept file: the SHA-256 of its bytes, and what there is to say of how it was made."""

    sha256: str
    note: str = ""


def kept(path: Path, cache: Path, write: Callable[[Path], str], notify: Notify = lambda _: None) -> Kept:
    """What is known of the file at `path` in the cache, which `write` makes where it is not there or is damaged.

    `write` returns the note on how it was made. Two processes that need the same file share the work. Raises
    ConversionError where the disk does not take it, and what `write` raises.
    """
    if (known := find_kept(path, cache, notify)) is not None:
        return known
    with locked(path.with_name(f"{path.name}.lock")):
        return find_kept(path, cache) or keep(path, cache, write(path))


def kept_file(path: Path, cache: Path, make: Callable[[], bytes], notify: Notify = lambda _: None) -> str:
    """The SHA-256 of the file at `path` in the cache; `make` gives its bytes where it is not there or is damaged."""

    def write(place: Path) -> str:
        write_whole(place, make())
        return ""

    return kept(path, cache, write, notify).sha256


def find_kept(path: Path, cache: Path, notify: Notify = lambda _: None) -> Kept | None:
    """What is known of a kept file; None where it is not there, or is not what was kept, of which `notify` is told."""
    known = read_record(record_of(path), Kept)
    if known is not None and path.is_file() and remembered_sha256(path, cache) == known.sha256:
        return known
    if path.exists() and record_of(path).exists():
        notify(f"{path} is damaged, and is made again")
    return None


def keep(path: Path, cache: Path, note: str = "") -> Kept:
    """Write down what the file at `path`, which was just made, is. Raises ConversionError on a full disk."""
    found = hashed(path)
    known = Kept(found.sha256, note)
    write_record(record_of(path), known)
    remember(path, found, cache)
    return known


def record_of(path: Path) -> Path:
    """Where the record of a kept file lies."""
    return path.with_name(f"{path.name}.json")
