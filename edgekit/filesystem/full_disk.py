"""Disks that are full: how they are recognised, and the one sentence for all of them."""

import errno
import os
from pathlib import Path

from edgekit.errors import DiskFullError

FULL = (errno.ENOSPC, errno.EDQUOT)
WORDS = tuple(os.strerror(code) for code in FULL)
# Less than this is none: file systems hand out space in blocks.
LITTLE_BYTES = 256 << 10


def says_full(text: str) -> bool:
    """Whether a text has the system's words for a full disk or quota, as libraries and tools pass them on."""
    return any(words in text for words in WORDS)


def is_full(error: OSError) -> bool:
    """Whether an error is the system's word for a full disk or quota."""
    return error.errno in FULL or says_full(str(error))


def free_bytes(folder: Path) -> int:
    """What this process may still write on the disk of `folder`; 0 too where no more files can be made there."""
    found = os.statvfs(existing(folder))
    # Some file systems keep blocks for root, and some do not count files.
    blocks, files = (found.f_bfree, found.f_ffree) if os.geteuid() == 0 else (found.f_bavail, found.f_favail)
    return 0 if found.f_files and not files else blocks * found.f_frsize


def nothing_left(folder: Path) -> bool:
    """Whether the disk of `folder` is as good as full."""
    return free_bytes(folder) < LITTLE_BYTES


def existing(path: Path) -> Path:
    """The path, or the nearest above it that exists."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if place.exists())


def mount_of(path: Path) -> Path:
    """Where the disk of `path` is mounted."""
    place = existing(path).resolve()
    return next(one for one in (place, *place.parents) if one.is_mount())


def full_disk(path: Path, what: str = "nothing more can be written to") -> DiskFullError:
    """The error of a disk that is full: `what` could not be done at `path`."""
    return DiskFullError(
        f"the disk is full: {what} {path} (the disk at {mount_of(path)})",
        "Free some space (`edgekit cache prune` helps), or choose another disk with --out and EDGEKIT_CACHE.",
    )
