"""Where photos lie: in a folder or in an archive, each read when its turn comes."""

import os
from pathlib import Path
from typing import Protocol

from edgekit.errors import UsageError
from edgekit.untrusted.archives import open_archive
from edgekit.untrusted.files import read_bytes

LARGEST_PHOTO = 64 << 20
"""Bytes of a photo's file."""
LARGEST_LIST = 256 << 20
"""Bytes of a list of photos: ImageNet's training set has 130 in a line."""


class Storage(Protocol):
    """Files by their names: relative paths with forward slashes."""

    @property
    def names(self) -> list[str]:
        """The names of all files in it, hidden ones left out."""
        ...

    def size(self, name: str) -> int:
        """The size of a file in bytes. Raises UsageError where it is absent."""
        ...

    def read(self, name: str, largest: int) -> bytes:
        """The bytes of a file. Raises UsageError where it is absent, damaged, or has more than `largest`."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class FolderStorage:
    """A folder and all below it. Links to files are followed, since data sets are often made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def names(self) -> list[str]:
        """The names of all files in it, hidden ones left out. Raises UsageError for a folder that cannot be read."""
        found: list[str] = []

        def refuse(error: OSError) -> None:
            raise UsageError(f"{error.filename or self.folder} cannot be read: {error.strerror}", "Check its rights.")

        for folder, below, files in os.walk(self.folder, onerror=refuse, followlinks=False):
            below[:] = sorted(name for name in below if not name.startswith("."))
            here = Path(folder).relative_to(self.folder)
            found += ((here / name).as_posix() for name in files if not name.startswith("."))
        return found

    def size(self, name: str) -> int:
        """The size of a file in bytes. Raises UsageError where it is absent."""
        try:
            return (self.folder / name).stat().st_size
        except OSError as error:
            raise UsageError(f"{self.folder / name} cannot be read: {error.strerror}") from None

    def read(self, name: str, largest: int) -> bytes:
        """The bytes of a file. Raises UsageError where it is absent, no file, or has more than `largest`."""
        return read_bytes(self.folder / name, largest, "photo")

    def close(self) -> None:
        """Nothing is open."""


def open_storage(path: Path) -> Storage:
    """The folder or archive at `path`. Raises UsageError for what is neither."""
    if path.is_dir():
        return FolderStorage(path)
    return open_archive(path)


def is_hidden(name: str) -> bool:
    """Whether a part of a name begins with a dot, or is what macOS puts into archives."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
