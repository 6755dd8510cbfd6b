"""The photos that a model is evaluated on, with the classes or labels that they show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edgekit.errors import UsageError
from edgekit.evaluate.layouts import Layout, Truth, find_layout
from edgekit.evaluate.storage import LARGEST_LIST, LARGEST_PHOTO, is_hidden, open_storage
from edgekit.untrusted.files import read_bytes
from edgekit.untrusted.wording import harmless

BUNDLED = "bundled"
SHOWN = 3


@dataclass(frozen=True)
class Photo:
    """One photo: its name, what is on it (a class's index, 0 or 1 for each label, or None), its file's bytes, and how
    many these are."""

    name: str
    truth: int | tuple[int, ...] | None
    read: Callable[[], bytes]
    size: Callable[[], int]


@dataclass(frozen=True)
class Dataset:
    """Photos in a fixed order. `source` is what the user named, `said` tells how the labels are known.

    `close` lets go of an archive.
    """

    source: str
    photos: Sequence[Photo]
    said: str
    close: Callable[[], None]

    @property
    def labelled(self) -> bool:
        """Whether it is known what is on the photos."""
        return bool(self.photos) and self.photos[0].truth is not None


def open_dataset(source: str, listed: Path | None = None) -> tuple[Layout, "Reader"]:
    """The layout of the data set at `source` (a folder, an archive, a list, or "bundled"), and its reader.

    `listed` is a list in PaddleClas's form that says what is on the photos. Raises UsageError for what is no data set.
    """
    named = (str(listed), read_bytes(listed, LARGEST_LIST, "list")) if listed is not None else None
    if source == BUNDLED:
        from edgekit import inputs

        path = Path(inputs.__file__).parent / "photos"
    else:
        path = Path(source).expanduser()
    if not path.exists():
        raise UsageError(
            f"--data {source}: there is no such folder or file",
            f"Name a folder of photos, a zip, a tar, a list, or `{BUNDLED}`.",
        )
    if path.is_file() and path.suffix.lower() == ".txt" and named is None:
        named, path = (str(path), read_bytes(path, LARGEST_LIST, "list")), path.parent
    storage = open_storage(path)
    try:
        names = [name for name in storage.names if not is_hidden(name)]
        layout = find_layout(names, partial(storage.read, largest=LARGEST_LIST), f"--data {source}", named)
    except BaseException:
        storage.close()
        raise
    return layout, Reader(source, storage.read, storage.size, storage.close)


@dataclass(frozen=True)
class Reader:
    """Reads the files of a data set."""

    source: str
    read: Callable[[str, int], bytes]
    size: Callable[[str], int]
    close: Callable[[], None]


def dataset(
    layout: Layout, reader: Reader, class_names: Sequence[str] | None, class_count: int, multi_label: bool
) -> Dataset:
    """The photos with their labels as a model counts them: `class_count` classes, called `class_names` if known.

    Folders that are called as the model's classes are those classes; others count in the order of their names. Raises
    UsageError where the labels do not fit the classes.
    """
    said, photos = layout.said, layout.photos
    if layout.kind != "none" and multi_label != (layout.kind == "labels"):
        wanted = "labels for each photo, as 0 and 1" if multi_label else "one class for each photo"
        raise UsageError(
            f"--data {reader.source} has other labels than the model gives, which needs {wanted}",
            "docs/evaluate.md shows the layouts.",
        )
    if layout.kind == "folders":
        indices, said = folder_indices(layout, reader.source, class_names, class_count)
        photos = tuple((name, indices[str(truth)]) for name, truth in photos)
    elif layout.kind == "labels":
        if (count := len(photos[0][1])) != class_count:  # type: ignore[arg-type]
            raise UsageError(
                f"--data {reader.source} gives {count} labels for each photo, and the model {class_count}",
                "Is it the right data set?",
            )
    elif layout.kind in ("list", "prefix"):
        wrong = next((one for one in photos if not 0 <= int(one[1]) < class_count), None)  # type: ignore[arg-type]
        if wrong is not None:
            raise UsageError(
                f"--data {reader.source} gives {harmless(wrong[0], 100)} the class {wrong[1]}, and the model has "
                f"{class_count} classes, counted from 0",
                "Is it the right data set?",
            )
    return Dataset(reader.source, tuple(made(name, truth, reader) for name, truth in photos), said, reader.close)


def made(name: str, truth: Truth, reader: Reader) -> Photo:
    """A photo of a data set."""
    assert not isinstance(truth, str)  # folders have become classes
    return Photo(name, truth, partial(reader.read, name, LARGEST_PHOTO), partial(reader.size, name))


def folder_indices(
    layout: Layout, source: str, class_names: Sequence[str] | None, class_count: int
) -> tuple[dict[str, int], str]:
    """The class of each folder, and how it is known. Raises UsageError where the folders do not fit the classes."""
    known = {name: index for index, name in enumerate(class_names or ())}
    if layout.classes and all(name in known for name in layout.classes):
        return {name: known[name] for name in layout.classes}, layout.said.replace(
            "in their order", "as the model's classes are called"
        )
    if len(layout.classes) != class_count:
        some = ", ".join(harmless(name, 40) for name in layout.classes[:SHOWN])
        more = ", …" if len(layout.classes) > SHOWN else ""
        raise UsageError(
            f"--data {source} has {len(layout.classes)} folders ({some}{more}), and the model {class_count} classes",
            "Give a folder for each class, or call them as the model's classes are called.",
        )
    return {name: index for index, name in enumerate(layout.classes)}, layout.said


def chosen(photos: Sequence[Photo], limit: int | None, shard: tuple[int, int] | None) -> list[Photo]:
    """At most `limit` photos, at even distances, so that every class has its share; of these those of a shard (i, n).

    Shards count from 1, and take every n-th photo: together they are all, and no two have one in common.
    """
    taken = list(photos)
    if limit is not None and limit < len(taken):
        taken = [taken[index * len(taken) // limit] for index in range(limit)]
    if shard is not None:
        taken = taken[shard[0] - 1 :: shard[1]]
    return taken
