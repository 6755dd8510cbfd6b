"""Opens files that may be anything: what is no regular file of bounded size is refused before a byte is read."""

import os
import stat
from io import BufferedReader
from pathlib import Path

from edgekit.errors import UsageError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def open_regular(path: Path, what: str = "file") -> BufferedReader:
    """Open a regular file for reading; `what` it should be is named where it is absent.

    Opening never waits, as it would for a pipe that nobody writes to. Raises UsageError where `path` is absent, another
    thing than a file, not to be read, or no path that this system can have.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise _unopened(path, what, error) from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise UsageError(f"{path} is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a file", _NAME_FILE)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


_NAME_FILE = "Name a regular file."


def _unopened(path: Path, what: str, error: Exception) -> UsageError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return UsageError(f"there is no {what} {path}")
    if isinstance(error, OSError):
        return UsageError(f"{path} cannot be read ({error.strerror or error})", "Check its path and its permissions.")
    # A null character, or half a character that a document named.
    return UsageError(f"there is no {what} {path}: no file can be called so")


def read_bytes(path: Path, largest: int, what: str = "file", way_out: str = "") -> bytes:
    """The content of a regular file of at most `largest` bytes. Raises UsageError for anything else."""
    with open_regular(path, what) as stream:
        try:
            # Not by its size, which may change, and which files of /proc do not tell.
            content = stream.read(largest + 1)
        except OSError as error:
            raise UsageError(f"{path} cannot be read ({error.strerror or error})", "Check the disk.") from None
    if len(content) > largest:
        raise UsageError(f"{path} is too large for a {what}: more than {_size(largest)}", way_out)
    return content


def read_text(path: Path, largest: int, what: str = "file", way_out: str = "") -> str:
    """The same of a text in UTF-8, with a byte order mark or without. Raises UsageError for another encoding."""
    try:
        return read_bytes(path, largest, what, way_out).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8", "Save it as UTF-8.") from None


def resolved(path: Path) -> Path:
    """The absolute path without links; where links lead in a loop, as far as they lead: Path.resolve raises there."""
    return Path(os.path.realpath(path))


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"
