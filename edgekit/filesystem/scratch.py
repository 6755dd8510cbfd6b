"""Folders for the length of a command, in the cache: what a killed run left in one goes with the next."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.filesystem.writing import disk_errors

FOLDER = "scratch"


@contextmanager
def working_folder(cache: Path) -> Iterator[Path]:
    """A fresh folder, gone at the end; `cache` is edgekit's cache folder. Raises ConversionError on a full disk.

    A lock beside it tells it from those of runs that were killed, which go now: they may hold a user's photos.
    """
    from filelock import FileLock

    root = cache / FOLDER
    with disk_errors(root):
        root.mkdir(parents=True, exist_ok=True)
    clear_left(root)
    folder = root / secrets.token_hex(8)
    lock = FileLock(folder.with_suffix(".lock"))
    with lock:
        try:
            with disk_errors(folder):
                folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".lock").unlink(missing_ok=True)


def clear_left(root: Path) -> None:
    """Remove the folders whose lock nobody holds."""
    from filelock import FileLock, Timeout

    for path in root.glob("*.lock"):
        try:
            with FileLock(path, timeout=0):
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
                path.unlink(missing_ok=True)
        except (Timeout, OSError):
            continue  # in use
