"""Photos of one class alone, as a data set with a folder for each class has them: ranges would be that class's own.

Names alone tell. Where photos lie in one folder whose name says nothing, the sentence is an "if": it may hold all
classes. Nothing is said of photos that lie in the given folder itself, unless it is one of several.
"""

import os
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from edgekit.data.photos import is_photo
from edgekit.errors import UsageError
from edgekit.untrusted.wording import harmless

SPLITS = {"test", "val", "valid", "validation", "train", "calibration"}
"""Folders that part a data set, and are no classes."""
SEVERAL = 3
"""Folders of photos side by side that are taken for classes where no name tells: two may be any."""
NAME_LENGTH = 100
ADVICE = "ranges are from that class alone, and photos of all classes are needed"


def check_class_folder(source: str, class_names: Sequence[str] | None) -> None:
    """Raise UsageError where `--calibration` names the folder of one class, and those of others lie beside it.

    That is so where the folder and another one beside it are called as classes of the model are.
    """
    folder, known = place_of(source), set(class_names or ())
    if folder.name not in known:
        return
    others = [name for name in folders_beside(folder) if name in known]
    if others:
        raise UsageError(
            f"--calibration {source} holds photos of one class, {said(folder.name)}, and {said(others[0])}"
            f"{f' and {len(others) - 1} other classes' if len(others) > 1 else ''} "
            f"{'lie' if len(others) > 1 else 'lies'} beside it",
            f"Give the folder of all classes: `--calibration {folder.parent}`.",
        )


def one_class_note(source: str, names: Collection[str], class_names: Sequence[str] | None = None) -> str | None:
    """What the user must know of the photos with these `names`, relative to the folder `source`; None for nothing.

    `class_names` are those of the model's classes, where they are known.
    """
    parents = {str(PurePosixPath(name).parent) for name in names}
    if len(parents) != 1:
        return None
    (parent,) = parents
    if parent == ".":
        return beside_note(source)
    name = PurePosixPath(parent).name
    if name.lower() in SPLITS:
        return None
    one = (
        f"are of one class, {said(name)}:"
        if name in (class_names or ())
        else f"lie in {said(name)}: if it is one class,"
    )
    return f"all {len(names)} calibration photos {one} {ADVICE}"


def beside_note(source: str) -> str | None:
    """What is to be said of a folder that holds the photos itself: that it lies among several of the kind."""
    folder = place_of(source)
    if folder.name.lower() in SPLITS:
        return None
    others = [name for name in folders_beside(folder) if name.lower() not in SPLITS]
    if len(others) + 1 < SEVERAL:
        return None
    return (
        f"{source} lies beside {len(others)} other folders of photos: if each is one class, {ADVICE} ({folder.parent})"
    )


def folders_beside(folder: Path) -> list[str]:
    """The names of the folders beside one that hold photos themselves, in order."""
    try:
        with os.scandir(folder.parent) as entries:
            near = [Path(one.path) for one in entries if one.is_dir() and one.name != folder.name]
    except OSError:
        return []  # a parent that may not be listed tells nothing
    return sorted(path.name for path in near if not path.name.startswith(".") and holds_photos(path))


def holds_photos(folder: Path) -> bool:
    """Whether a photo lies in a folder itself; what cannot be listed holds none that could be used."""
    try:
        with os.scandir(folder) as entries:
            return any(is_photo(Path(one.name)) for one in entries)
    except OSError:
        return False


def place_of(source: str) -> Path:
    """The folder with its own name, also where it is given as `.` or as a link."""
    # Not resolved: a link has the name that the user gave it.
    return Path.cwd() / Path(source).expanduser()


def said(name: str) -> str:
    """A folder's name in a sentence."""
    return harmless(name, NAME_LENGTH)
