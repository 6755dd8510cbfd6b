"""Reads keys and signatures, which come from outside: regular files of a few lines."""

import stat
from pathlib import Path

from edgekit.errors import UsageError


def read_bytes(path: Path, largest: int, what: str) -> bytes:
    """The content of a regular file of at most `largest` bytes. Raises UsageError for anything else."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is no file", f"Name a {what}.")
        with path.open("rb") as stream:
            content = stream.read(largest + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"there is no {what} {path}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(content) > largest:
        raise UsageError(f"{path} is too large for a {what}")
    return content
