"""Which photos a model is calibrated on: those of the user's folder, or pictures that edgekit makes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.calibration.pictures import COUNT, made_picture
from edgekit.data.disjoint import check_disjoint
from edgekit.data.photos import find_photos, shown_name
from edgekit.errors import UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.inputs.golden import bundled_photos
from edgekit.inputs.images import load_image

if TYPE_CHECKING:
    import numpy as np

BUNDLED = "bundled"
FLAG = "--calibration"
MOST = 300
FEWEST = 100
"""Ranges of activations settle between 100 and 300 photos (docs/precision.md)."""


@dataclass(frozen=True)
class CalibrationPhoto:
    """One picture: its `name` for people, its SHA-256, and how it is read, given whether its alpha channel counts.

    `size` is its file's, in bytes; None where edgekit makes it.
    """

    name: str
    sha256: str
    read: "Callable[[bool], np.ndarray]"
    size: int | None = None


@dataclass(frozen=True)
class CalibrationPhotos:
    """The photos chosen of the `found` ones; `source` is the folder, or "bundled"."""

    source: str
    photos: tuple[CalibrationPhoto, ...]
    found: int


def calibration_photos(source: str, side: int = 256) -> CalibrationPhotos:
    """The photos that `--calibration` means: of a folder and all below it, at most `MOST`, at even distances by path.

    "bundled" are pictures that edgekit makes, of `side` x `side` pixels. Raises UsageError for a folder without photos
    or with fewer than `FEWEST`, and where one of them is a golden photo, on which verdicts are given.
    """
    if source == BUNDLED:
        return made_pictures(side)
    folder, paths = Path(source).expanduser(), photos_in(source)
    count = min(len(paths), MOST)
    chosen = [paths[index * len(paths) // count] for index in range(count)]
    photos = tuple(file_photo(folder, path) for path in chosen)
    check_disjoint({one.name: one.sha256 for one in photos}, golden_hashes(), "to verify")
    return CalibrationPhotos(str(folder), photos, len(paths))


def photos_in(source: str) -> list[Path]:
    """All photos of a folder and below it. Raises UsageError for what is no folder, or with fewer than `FEWEST`."""
    folder = Path(source).expanduser()
    if not folder.is_dir():
        raise UsageError(
            f"{FLAG} {source}: " + ("it is no folder" if folder.exists() else "there is no such folder"),
            f"Give one that holds {FEWEST} to {MOST} photos like those that the model will see, or `{BUNDLED}`.",
        )
    try:
        paths = find_photos([folder])
    except OSError as error:
        raise UsageError(f"{FLAG} {source} cannot be read: {error.strerror}") from None
    if len(paths) < FEWEST:
        raise too_few(source, len(paths))
    return paths


def file_photo(folder: Path, path: Path) -> CalibrationPhoto:
    """A photo in a folder."""

    def read(alpha: bool) -> "np.ndarray":
        return load_image(path, alpha=alpha)

    return CalibrationPhoto(shown_name(path, folder), file_sha256(path), read, path.stat().st_size)


def golden_hashes() -> dict[str, str]:
    """The bundled golden photos' files, as they are here and as their authors published them."""
    photos = bundled_photos()
    return {f"golden photo {one.name}": one.sha256 for one in photos} | {
        f"golden photo {one.name}, as published": one.original_sha256 for one in photos
    }


def made_pictures(side: int) -> CalibrationPhotos:
    """The pictures that edgekit makes."""
    photos = tuple(picture(index, side) for index in range(COUNT))
    return CalibrationPhotos(BUNDLED, photos, len(photos))


def picture(index: int, side: int) -> CalibrationPhoto:
    """One of them, known by its number and size: its pixels follow from these."""
    from edgekit.filesystem.hashing import data_sha256

    def read(alpha: bool) -> "np.ndarray":
        return made_picture(index, side)

    return CalibrationPhoto(f"made {index}", data_sha256(["dead leaves", index, side]), read)


def too_few(source: str, count: int, of: str = "photos") -> UsageError:
    """The error of a folder with fewer photos than calibration needs."""
    return UsageError(
        f"{FLAG} {source} holds {count} {of}, and calibration needs {FEWEST}",
        f"Give {FEWEST} to {MOST} photos like those that the model will see, or `{FLAG} {BUNDLED}`.",
    )
