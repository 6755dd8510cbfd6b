"""What a worker has left is taken as files only: a link or a pipe would make edgekit write, or wait, somewhere else.

A worker that reads a stranger's file may be in that stranger's hands. It cannot write outside its folders (see
converters/lib/edgeworker/confinement), and it must not get edgekit to do it.
"""

import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from edgekit.errors import ConversionError, UsageError
from edgekit.untrusted.safetensors_header import read_header

DISTRUST = "Do not trust its input."


def check_output(title: str, output: Path, inputs: Iterable[Path]) -> None:
    """Let `output` hold folders and regular files alone: links to files of `inputs` are replaced by these files.

    Raises ConversionError, which names the worker by its `title`, for anything else.
    """
    allowed = [one.resolve() for one in inputs]
    for folder, folders, files in os.walk(output):  # which follows no links
        for path in (Path(folder, name) for name in (*folders, *files)):
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                source = path.resolve()
                if not source.is_file() or not any(source.is_relative_to(one) for one in allowed):
                    raise ConversionError(
                        f"{title} left {path.name}, a link out of its folder", "Do not trust its input."
                    )
                put_in_place(source, path)
            elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise ConversionError(f"{title} left {path.name}, which is no file", DISTRUST)
            elif path.suffix == ".safetensors":
                check_tensors(title, path)


def check_tensors(title: str, path: Path) -> None:
    """Raise ConversionError for a file of tensors that is none: edgekit reads it in its own process."""
    try:
        read_header(path, what="file of tensors")
    except UsageError as error:
        raise ConversionError(f"{title} left a file that cannot be read: {error.message}", DISTRUST) from None


def put_in_place(source: Path, link: Path) -> None:
    """Let the file `source` take the place of `link`: by another name of it, or as a copy."""
    link.unlink()
    try:
        link.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, link)


def is_plain(path: Path) -> bool:
    """Whether `path` is a regular file itself, and no link to one."""
    return path.is_file() and not path.is_symlink()
