"""What classes are called: lists in files, in configurations, and those that PaddleClas has of its own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from edgekit.configuration.document import read_text
from edgekit.configuration.options import NotFollowed, shown
from edgekit.errors import UsageError
from edgekit.untrusted.json_document import NotJson, plain_json
from edgekit.untrusted.values import Unusable
from edgekit.untrusted.wording import harmless

FOLDER = Path(__file__).parent / "labels"
IMAGENET = "imagenet1k_label_list.txt"
# Steps behind a model that have a fixed list; PaddleClas's `deploy/python/postprocess.py` reads outputs in this order.
ATTRIBUTES = {
    "PersonAttribute": "pedestrian_attribute_label_list.txt",
    "VehicleAttribute": "vehicle_attribute_label_list.txt",
}
# Its TableAttribute, by what each output means where it is above its threshold.
TABLE = ("Scanned", "Little", "Black-and-White", "Clear", "Without-Obstacles", "Horizontal")
NAMING = ("Topk", "ThreshOutput", "MultiLabelThreshOutput")
# Steps that name no classes.
NAMELESS = {"main_indicator", "SavePreLabel", "ScoreOutput", "Binarize", "NormalizeFeatures"}


@dataclass(frozen=True)
class Labels:
    """The classes' names in their order, and where they come from; `assumed` where nobody has put them there."""

    names: tuple[str, ...]
    origin: str
    assumed: bool = False


def bundled_labels(name: str) -> Labels | None:
    """PaddleClas's own list of that file name, None where there is none (see labels/LICENSES.md)."""
    path = FOLDER / name
    if path.name != name or not path.is_file():
        return None
    return Labels(parse_labels(path.read_text(encoding="utf-8"), path), f"PaddleClas's {name}", assumed=True)


def read_labels(path: Path) -> Labels:
    """The names in a file: one a line, with their numbers as PaddleClas writes them or without, or a JSON list.

    Raises UsageError, naming file and line, for anything else.
    """
    text = read_text(path)
    names = from_json(text, path) if text.lstrip()[:1] in ("[", "{") else None
    return Labels(names or parse_labels(text, path), str(path))


def parse_labels(text: str, path: Path) -> tuple[str, ...]:
    """The names in lines of text. Where every line begins with a number, these are the classes' numbers, from 0."""
    lines = [line.strip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise UsageError(f"{path} names no class", "Write one name a line.")
    if "" in lines:
        raise UsageError(f"line {lines.index('') + 1} of {path} is empty", "Write one class's name a line.")
    numbered = [re.fullmatch(r"(\d{1,7})[\s,:]+(\S.*)", line) for line in lines]
    if not all(numbered):
        return tuple(harmless(line) for line in lines)
    found = {int(match[1]): harmless(match[2]) for match in numbered if match}
    if sorted(found) != list(range(len(lines))):
        absent = next((number for number in range(len(lines)) if number not in found), None)
        raise UsageError(
            f"{path} numbers its {len(lines)} classes, and the number {absent} is missing",
            "Number them from 0, each once, or leave the numbers out.",
        )
    return tuple(found[number] for number in range(len(lines)))


def from_json(text: str, path: Path) -> tuple[str, ...] | None:
    """The names in a JSON list, or in a table from numbers to names; None where it is no JSON."""
    try:
        value = plain_json(text.encode())
    except NotJson:
        return None
    except Unusable as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    if isinstance(value, dict) and all(key.isascii() and key.isdigit() and len(key) < 8 for key in value):
        numbered = {int(key): name for key, name in value.items()}
        value = [numbered.get(number) for number in range(len(numbered))]
    names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
    if not names or len(names) != len(value):
        raise UsageError(f"{path} is no list of names", 'Write ["first", "second"], or one name a line.')
    return tuple(harmless(name) for name in names)


def listed_labels(value: Any, origin: str) -> Labels | None:
    """The names in a configuration's own list, None where it has none. Raises NotFollowed where it is no list."""
    if value is None or value == []:
        return None
    if isinstance(value, Mapping):  # from numbers to names
        value = [value.get(number) for number in range(len(value))]
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise NotFollowed(f"its names of classes are no list ({shown(value)})")
    if not all(isinstance(name, str | int | float) for name in value):
        raise NotFollowed("its names of classes are not all text")
    return Labels(tuple(harmless(str(name)) for name in value), origin)


def labels_behind(
    post: Mapping[str, Mapping[str, Any]], origin: str, folders: Sequence[Path]
) -> tuple[Labels | None, list[str]]:
    """The names that the steps behind a model give its classes, and what to tell where they cannot be had.

    A file of names is looked for in `folders` by its name alone: where a configuration says that it lies is on
    somebody else's machine. Raises NotFollowed and UsageError for lists that are none.
    """
    notes = []
    for name, options in post.items():
        if name in NAMELESS:
            continue
        if name in ATTRIBUTES:
            return bundled_labels(ATTRIBUTES[name]), notes
        if name == "TableAttribute":
            return Labels(TABLE, "PaddleClas's TableAttribute", assumed=True), notes
        if name not in NAMING:
            notes.append(
                f"ends in {shown(name)}, whose names of classes edgekit does not know; --labels FILE gives them"
            )
            continue
        if labels := listed_labels(options.get("label_list"), origin):
            return labels, notes
        if file := options.get("class_id_map_file"):
            labels = labels_in(str(file), folders)
            if labels is None:
                notes.append(f"names the classes in {shown(file)}, which is not beside it; --labels FILE gives them")
            return labels, notes
        if name == "ThreshOutput":
            return listed_labels([options.get("label_0", "0"), options.get("label_1", "1")], origin), notes
    return None, notes


def labels_in(file: str, folders: Sequence[Path]) -> Labels | None:
    """The list that a configuration means by the path `file`: beside it, else PaddleClas's own of that name."""
    name = PurePosixPath(file.replace("\\", "/")).name
    for folder in folders:
        if name and (folder / name).is_file():
            return read_labels(folder / name)
    return bundled_labels(name)
