"""Among the user's files: edgekit replaces and removes what it wrote itself, and refuses anything else by its name.

A folder of edgekit's holds a record of what was written beside it (an artifact's manifest, a reproducer's case). Files
are known by what they say first. Callers hold the lock of what they change, unless it is said otherwise.
"""

import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgekit.errors import UsageError
from edgekit.filesystem.exchange import exchange
from edgekit.filesystem.writing import disk_errors, full_disk_reported

MARK = "edgekit-scratch"
"""The file that says of a folder that all in it is edgekit's, to be removed when a run was killed."""
_START = 4096
_ATTEMPTS = 5
WAY_OUT = "Move it away, or choose another place."


@dataclass(frozen=True)
class Kind:
    """A kind of folder that edgekit writes: what it is called, and the file in it that says what was written beside it.

    `written` gives the names that are edgekit's, and None for a folder that is none of this kind.
    """

    title: str
    record: str
    written: Callable[[Path], Collection[str] | None]


def check_folder(folder: Path, kind: Kind) -> None:
    """Raise UsageError where something else than a `kind` of edgekit's lies at `folder`, or anything more in it.

    An empty folder is nobody's.
    """
    ours = check_kind(folder, kind)
    if ours is None:
        return
    present = sorted(folder.iterdir())
    if strange := [path.name for path in present if path.name not in ours and not is_partial(path)]:
        raise UsageError(f"{folder} holds {listed(strange)}, which edgekit did not write", WAY_OUT)
    if odd := [path for path in present if not is_regular(path)]:
        raise UsageError(f"{odd[0]} is {what_it_is(odd[0])}, which edgekit did not write", WAY_OUT)


def check_kind(folder: Path, kind: Kind) -> Collection[str] | None:
    """The names that edgekit wrote into the `kind` at `folder`; None where nothing is there, or nothing is in it.

    Raises UsageError for anything else. This may be asked without a lock.
    """
    if not os.path.lexists(folder):
        return None
    if folder.is_symlink() or not folder.is_dir():
        raise UsageError(f"{folder} is {what_it_is(folder)}, and no {kind.title} of edgekit", WAY_OUT)
    present = sorted(path.name for path in folder.iterdir())
    ours = kind.written(folder) if present else None
    if present and ours is None:
        raise UsageError(f"{folder} is no {kind.title} of edgekit: it holds {listed(present)}", WAY_OUT)
    return ours


def check_file(path: Path, title: str, ours: Callable[[bytes], bool]) -> None:
    """Raise UsageError where a file lies at `path` that edgekit did not write; `ours` knows its own by their start.

    An empty file is nobody's. This may be asked without a lock.
    """
    if not os.path.lexists(path):
        return
    if not is_regular(path):
        raise UsageError(f"{path} is {what_it_is(path)}, and no {title} of edgekit", WAY_OUT)
    with path.open("rb") as stream:
        start = stream.read(_START)
    if start and not ours(start):
        raise UsageError(f"{path} is there already, and is no {title} of edgekit", WAY_OUT)


def check_place(path: Path, flag: str) -> None:
    """Raise UsageError where a file that the flag names would lie in no folder."""
    if not path.parent.is_dir():
        raise UsageError(f"{flag} {path}: there is no folder {path.parent}", "Make it, or choose another place.")


def is_regular(path: Path) -> bool:
    """Whether it is a file, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def what_it_is(path: Path) -> str:
    """What lies somewhere, in words."""
    if path.is_symlink():
        return "a link"
    if path.is_dir():
        return "a folder"
    return "a file" if path.is_file() else "a device or a pipe"


def listed(names: list[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def replace_folder(content: Path, folder: Path, kind: Kind) -> None:
    """Put the folder `content`, which lies in a scratch folder, in the place of `folder`, at once where the system can.

    What edgekit wrote of the old one goes. A file that somebody put into it meanwhile moves over into the new one.
    Raises UsageError as `check_folder` does.
    """
    check_folder(folder, kind)
    if not os.path.lexists(folder) or not any(folder.iterdir()):
        content.rename(folder)
        return
    ours = kind.written(folder) or ()
    if exchange(content, folder):
        old = content
    else:
        old = content.with_name("old")
        folder.rename(old)
        content.rename(folder)
    remove_names(old, ours)
    keep_rest(old, folder)


def remove_folder(folder: Path, kind: Kind) -> None:
    """Remove what edgekit wrote of a folder, and the folder where nothing else is in it: a reader finds all or none.

    A folder that is no `kind` stays as it is.
    """
    if folder.is_symlink() or not folder.is_dir() or (ours := kind.written(folder)) is None:
        return
    if any(path.name not in ours for path in folder.iterdir()):
        # Nothing of somebody else's is moved, not even for a moment: a run that is killed then would lose it.
        (folder / kind.record).unlink()
        remove_names(folder, ours)
        return
    with scratch_beside(folder) as scratch:
        old = scratch / "old"
        folder.rename(old)
        remove_names(old, ours)
        if any(old.iterdir()):
            folder.mkdir(exist_ok=True)
            keep_rest(old, folder)


def remove_names(folder: Path, ours: Collection[str]) -> None:
    """Remove those files of a folder that edgekit wrote."""
    for path in list(folder.iterdir()):
        if is_partial(path) or (path.name in ours and is_regular(path)):
            path.unlink()


def keep_rest(old: Path, folder: Path) -> None:
    """Move what is left in `old` into `folder`, where nothing has its name."""
    for path in list(old.iterdir()):
        if not os.path.lexists(folder / path.name):
            path.rename(folder / path.name)


@contextmanager
def scratch_beside(final: Path) -> Iterator[Path]:
    """A fresh folder beside `final`, gone at the end whatever happens. Raises ConversionError where the disk is full.

    What killed runs left beside `final` goes first: it is known by its name and by the mark in it. A name that only
    looks like it stays.
    """
    clear_scratches(final)
    scratch = final.with_name(f".{final.name}.edgekit-{secrets.token_hex(8)}")
    with disk_errors(final.parent):
        make_with_parents(scratch)
    with full_disk_reported(final.parent):
        try:
            (scratch / MARK).touch()
            yield scratch
        finally:
            remove_scratch(scratch)


def make_with_parents(folder: Path) -> None:
    """Make a folder and those above it, though another run may be removing one of them because it is empty."""
    for attempt in range(_ATTEMPTS):
        try:
            folder.mkdir(parents=True)
            return
        except FileNotFoundError:
            if attempt == _ATTEMPTS - 1:
                raise


def clear_scratches(final: Path) -> None:
    """Remove the scratch folders that killed runs left beside `final`."""
    for path in leftovers(final):
        if path.is_dir() and not path.is_symlink() and ((path / MARK).is_file() or not any(path.iterdir())):
            remove_scratch(path)


def leftovers(final: Path) -> list[Path]:
    """What beside `final` is called as edgekit calls what is not finished."""
    pattern = re.compile(rf"\.{re.escape(final.name)}\.edgekit-[0-9a-f]{{16}}")
    try:
        return [path for path in final.parent.iterdir() if pattern.fullmatch(path.name)]
    except OSError:
        return []


def is_partial(path: Path) -> bool:
    """Whether it is a file that a killed run was writing."""
    return bool(re.fullmatch(r"\..+\.edgekit-[0-9a-f]{16}", path.name)) and is_regular(path)


def remove_scratch(scratch: Path) -> None:
    """Remove a scratch folder, its mark last: a removal that is killed is finished by the next run."""
    if not scratch.is_dir():
        return
    for path in scratch.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != MARK:
            path.unlink(missing_ok=True)
    shutil.rmtree(scratch, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file with this content as `written_whole` does."""
    with written_whole(path) as partial:
        partial.write_bytes(content)


def copy_whole(source: Path, path: Path) -> None:
    """Write a file with what is in another one, however large, as `written_whole` does."""
    with written_whole(path) as partial:
        shutil.copyfile(source, partial)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Where the block writes a file that is then renamed to `path`: a reader finds the old one or the new one, whole.

    Where the block fails the old one stays. What killed runs left beside it goes. Raises ConversionError on a full
    disk.
    """
    for stale in leftovers(path):
        if is_regular(stale):
            stale.unlink(missing_ok=True)
    partial = path.with_name(f".{path.name}.edgekit-{secrets.token_hex(8)}")
    with full_disk_reported(path.parent):
        try:
            yield partial
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
