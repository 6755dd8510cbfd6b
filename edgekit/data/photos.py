"""Finds photos in what a user names: files, and folders with all that is below them."""

import os
from collections.abc import Iterable
from pathlib import Path

from edgekit.errors import UsageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


def find_photos(named: Iterable[Path]) -> list[Path]:
    """Every photo, each once: files as they are named, those of a folder by path, hidden ones left out.

    Raises UsageError for what does not exist, and for a folder without any photo.
    """
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            below = sorted(one for one in path.rglob("*") if is_photo(one.relative_to(path)) and one.is_file())
            if not below:
                raise UsageError(f"{path} holds no photo", f"Photos end in {', '.join(SUFFIXES)}.")
            found += below
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError(f"there is no photo {path}", "Name photos, or folders of them.")
    return list(dict.fromkeys(found))


def shown_name(path: Path, folder: Path) -> str:
    """A photo's name in `folder` as people and documents have it: what is not UTF-8 as `\\xff`.

    Names that differ in such bytes are told apart, as they would not be by a sign for every byte that is no character.
    """
    return os.fsencode(path.relative_to(folder)).decode(errors="backslashreplace")


def is_photo(path: Path) -> bool:
    """Whether a path inside a folder is that of a photo, by its name: macOS leaves `._x.jpg` beside `x.jpg`."""
    return path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in path.parts)
