"""Writing so that a reader finds the whole of something or nothing of it."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.errors import ConversionError
from edgekit.filesystem.full_disk import full_disk, is_full


@contextmanager
def full_disk_reported(folder: Path) -> Iterator[None]:
    """Turn the system's word for a full disk into a ConversionError that names `folder`."""
    try:
        yield
    except OSError as error:
        # Libraries wrap the system's error as text.
        if is_full(error):
            raise full_disk(folder) from error
        raise


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn every OSError from writing `path` into a ConversionError of one sentence."""
    try:
        with full_disk_reported(path):
            yield
    except OSError as error:
        raise ConversionError(
            f"{path} could not be written ({error.strerror or error})",
            "Choose a folder you can write to, with --out or EDGEKIT_CACHE.",
        ) from error


@contextmanager
def scratch_folder(final: Path) -> Iterator[Path]:
    """A fresh folder beside `final`, gone at the end whatever happens.

    What a killed run left for the same `final` is cleared first; the caller holds its lock, so it is nobody's.
    Raises ConversionError where the disk is full.
    """
    for stale in final.parent.glob(f".{final.name}.*"):
        shutil.rmtree(stale, ignore_errors=True)
    scratch = final.parent / f".{final.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}"
    with disk_errors(final.parent):
        scratch.mkdir(parents=True)
    with full_disk_reported(final.parent):
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def replace_folder(source: Path, target: Path) -> None:
    """Put the folder `source` in the place of `target`; an old `target` stays whole until the new one is ready."""
    old = target.with_name(f".{target.name}.old-{uuid.uuid4().hex[:8]}")
    if target.exists():
        target.rename(old)
    source.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder and what is in it; a reader finds all of it or nothing.

    What a removal that was killed left of it goes too; the caller holds its lock.
    """
    if folder.exists():
        folder.rename(folder.with_name(f".{folder.name}.old-{uuid.uuid4().hex[:8]}"))
    for stale in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(stale, ignore_errors=True)
