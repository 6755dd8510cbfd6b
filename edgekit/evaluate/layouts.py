"""How the photos of a data set say what is on them: a folder for each class, a list, or a number before each name.

A layout is found by the names alone, as `torchvision.datasets.ImageFolder` and PaddleClas's `ImageNetDataset` and
`MultiLabelDataset` lay photos out.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from edgekit.data.photos import is_photo
from edgekit.errors import UsageError
from edgekit.untrusted.wording import harmless

LIST = "val_list.txt"
"""As PaddleClas calls it."""
SPLITS = ("test", "val", "valid", "validation", "train")
"""Folders that part a data set; the first one that is there is evaluated, and what a model was trained on last."""
LABELLED_PREFIX = re.compile(r"(\d{1,5})_")
"""Of a photo's name. A date has more digits."""
MOST_LABELS = 100_000

Kind = Literal["folders", "list", "labels", "prefix", "none"]
Truth = int | tuple[int, ...] | str | None
"""A class's index, a label set as 0 and 1, a folder's name, or nothing."""


@dataclass(frozen=True)
class Layout:
    """The photos of a data set, in a fixed order, and what each is said to show.

    `classes` are the folders' names in their order, where there are folders. `said` is how the labels are known.
    """

    kind: Kind
    photos: tuple[tuple[str, Truth], ...]
    said: str
    classes: tuple[str, ...] = ()


def find_layout(
    names: Sequence[str], read: Callable[[str], bytes], source: str, listed: tuple[str, bytes] | None = None
) -> Layout:
    """The layout of a data set with these names. `read` gives a file's bytes; `listed` is a list from elsewhere, with
    its name.

    Raises UsageError where there is no photo, or a list names a photo that is not there.
    """
    if listed is not None:
        return from_list(listed[1], names, "", listed[0], source)
    lists = sorted((name for name in names if PurePosixPath(name).name == LIST), key=lambda name: name.count("/"))
    if lists:
        return from_list(read(lists[0]), names, str(PurePosixPath(lists[0]).parent), lists[0], source)
    photos = sorted(name for name in names if is_photo(PurePosixPath(name)))  # type: ignore[arg-type]
    if not photos:
        raise UsageError(f"{source} holds no photo", "Give JPEG, PNG, WebP or BMP files, in a folder for each class.")
    split = ""
    photos, top = below_common(photos)
    tops = {name.split("/")[0] for name in photos if "/" in name}
    if tops and tops <= set(SPLITS) and all("/" in name for name in photos):
        split = next(one for one in SPLITS if one in tops)
        photos = [name for name in photos if name.startswith(f"{split}/")]
        photos, below = below_common(photos)
        top += below
    if photos and all("/" in name for name in photos):
        return from_folders(photos, top, split)
    where = f" of {split}/" if split else ""
    bare = [name for name in photos if "/" not in name]
    matches = {name: LABELLED_PREFIX.match(name) for name in bare}
    if len(bare) == len(photos) and all(matches.values()):
        return Layout(
            "prefix",
            tuple((top + name, int(match[1])) for name, match in matches.items() if match),
            f"labels are the numbers that the photos' names{where} begin with",
        )
    return Layout("none", tuple((top + name, None) for name in photos), f"the photos{where} have no labels")


def below_common(names: list[str]) -> tuple[list[str], str]:
    """Names without the folders that all of them lie in, as long as folders are left or a split begins; and those."""
    top = ""
    while names and all("/" in name for name in names):
        first = names[0].split("/")[0]
        others = {name.split("/")[0] for name in names}
        below = [name.split("/", 1)[1] for name in names]
        # One folder that holds photos itself is a class, the only one.
        if len(others) > 1 or (not all("/" in name for name in below) and first not in SPLITS):
            break
        if not all("/" in name for name in below) and top:
            break
        top, names = f"{top}{first}/", below
    return names, top


def from_folders(photos: list[str], top: str, split: str) -> Layout:
    """Photos in a folder for each class, the classes in the order of their names."""
    classes = sorted({name.split("/")[0] for name in photos})
    said = "labels are the folders' names in their order"
    return Layout(
        "folders",
        tuple((top + name, name.split("/")[0]) for name in photos),
        f"{said}, of {split}/" if split else said,
        tuple(classes),
    )


def from_list(content: bytes, names: Sequence[str], folder: str, called: str, source: str) -> Layout:
    """What a list says: a photo a line, then its class, or after a tab its labels as 0 and 1 with commas.

    Photos are named from the list's folder. A name that is not there is also looked for without its folders, as
    ImageNet's archive has it.
    """
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"{called} of {source} is not text in UTF-8", "Save it as UTF-8.") from None
    present = set(names)
    bases = by_base(names)
    photos: dict[str, Truth] = {}
    multi: set[int] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, label = split_line(line, number, called)
        if label and "," in label:
            truth: Truth = label_set(label, number, called)
            multi.add(len(truth))
        else:
            truth = class_index(label, number, called)
        place = found_photo(name, folder, present, bases, number, called, source)
        if place in photos:
            # Counted twice, it would make intervals narrower than they are; and its classes may differ.
            raise UsageError(f"{called}, line {number} names {harmless(name, 100)} again", "Name each photo once.")
        photos[place] = truth
    if not photos:
        raise UsageError(f"{called} of {source} names no photo", "Give a photo and its class in each line.")
    if multi and (len(multi) > 1 or any(isinstance(truth, int) for truth in photos.values())):
        raise UsageError(f"{called} of {source} gives photos different numbers of labels", "Give each 0 or 1 for each.")
    return Layout("labels" if multi else "list", tuple(photos.items()), f"labels are those of {called}")


def by_base(names: Sequence[str]) -> dict[str, str]:
    """Names by what they are without their folders, where only one is called so."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for name in names:
        base = PurePosixPath(name).name
        twice |= {base} & found.keys()
        found[base] = name
    return {base: name for base, name in found.items() if base not in twice}


def split_line(line: str, number: int, called: str) -> tuple[str, str]:
    """A photo's name and its label: they are parted by a tab, else by the last blank."""
    name, _, label = line.partition("\t") if "\t" in line else line.rstrip().rpartition(" ")
    if not name.strip() or not label.strip():
        raise UsageError(
            f"{called}, line {number} is no photo with its class: {harmless(line, 100)}", "As in: photos/1.jpg 65"
        )
    return name.strip(), label.strip()


def class_index(label: str, number: int, called: str) -> int:
    """The index of a class. Raises UsageError for what is none."""
    if not (label.isascii() and label.isdigit() and len(label) < 10):
        raise UsageError(
            f"{called}, line {number} gives {harmless(label, 60)} where the index of a class belongs",
            "Classes count from 0.",
        )
    return int(label)


def label_set(label: str, number: int, called: str) -> tuple[int, ...]:
    """A set of labels, each 0 or 1. Raises UsageError for what is none."""
    parts = [part.strip() for part in label.split(",")]
    if not all(part in ("0", "1") for part in parts) or len(parts) > MOST_LABELS:
        raise UsageError(
            f"{called}, line {number} gives {harmless(label, 60)} where 0 or 1 for each label belongs",
            "As in: 1.jpg, a tab, 0,1,0",
        )
    return tuple(int(part) for part in parts)


def found_photo(
    name: str, folder: str, present: set[str], bases: dict[str, str], number: int, called: str, source: str
) -> str:
    """Where a photo of a list lies. Raises UsageError where it is not there, or lies outside."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise UsageError(
            f"{called}, line {number} names a photo outside {source}: {harmless(name, 100)}",
            "Name photos from the list's own folder.",
        )
    beside = str(PurePosixPath(folder) / path)
    for place in (beside, str(path), bases.get(path.name, "")):
        if place in present:
            return place
    raise UsageError(
        f"{called}, line {number} names {harmless(name, 100)}, which {source} does not hold", "Is it the right list?"
    )
