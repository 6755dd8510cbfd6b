"""A user's own photos as golden inputs: a folder of JPEG and PNG files, a bounded number of them, each by its hash."""

from dataclasses import dataclass
from pathlib import Path

from edgekit.data.photos import shown_name
from edgekit.errors import UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.inputs.images import load_image

ENDINGS = {".jpg", ".jpeg", ".png"}
MOST_PHOTOS = 32
"""Every target runs every photo, in FP32 and in float64 too."""
FEWEST_PHOTOS = 2


@dataclass(frozen=True)
class OwnPhoto:
    """One file: its `name` in the folder, as people see it, and its SHA-256."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class PhotoFolder:
    """The photos that were chosen of the `found` ones in `folder` and its subfolders."""

    folder: Path
    photos: tuple[OwnPhoto, ...]
    found: int


def photo_folder(folder: Path) -> PhotoFolder:
    """The photos in `folder`, and in its subfolders as a dataset has one for each class, in the order of their names.

    Of more than `MOST_PHOTOS`, as many are taken at even distances, so that every class has its share. Each is read
    once, since a damaged one is better found before anything runs. Raises UsageError where there are fewer than two
    photos, or one that cannot be read.
    """
    if not folder.is_dir():
        raise UsageError(f"--golden {folder}: there is no such folder", "Give one that holds JPEG or PNG photos.")
    try:
        paths = sorted(path for pattern in ("*", "*/*") for path in folder.glob(pattern) if is_photo(path, folder))
    except OSError as error:
        raise UsageError(f"--golden {folder} cannot be read: {error.strerror}") from None
    if len(paths) < FEWEST_PHOTOS:
        count = "one photo" if paths else "no photo"
        raise UsageError(
            f"--golden {folder} holds {count}",
            "Give JPEG or PNG files, two or more, in it or in folders directly below.",
        )
    count = min(len(paths), MOST_PHOTOS)
    chosen = [paths[index * len(paths) // count] for index in range(count)]
    photos = []
    for path in chosen:
        load_image(path)
        photos.append(OwnPhoto(shown_name(path, folder), path, file_sha256(path)))
    return PhotoFolder(folder, tuple(photos), len(paths))


def is_photo(path: Path, folder: Path) -> bool:
    """Whether a file is one by its name; what begins with a dot in `folder` is some system's own."""
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in ENDINGS and not hidden and path.is_file()
