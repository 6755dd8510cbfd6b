"""Writes artifacts into an app's assets: all of them or none, in the place of those that an earlier export wrote."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from msgspec import Struct

from edgekit.app_export.chosen import Chosen
from edgekit.artifact.load import read_manifest
from edgekit.artifact.manifest import FILE
from edgekit.artifact.owned import ARTIFACT
from edgekit.artifact.write import changed_meanwhile, copy_hashed, copy_recorded, locked
from edgekit.errors import UsageError
from edgekit.filesystem.owned import (
    check_folder,
    is_regular,
    listed,
    remove_folder,
    replace_folder,
    scratch_beside,
    what_it_is,
    write_whole,
)
from edgekit.untrusted.json_document import encode_json, read_json

ASSETS = Path("app", "src", "main", "assets", "models")
INDEX = "index.json"
SCHEMA = 1
LARGEST_INDEX = 1 << 20
_MAIN = Path("app", "src", "main")
_WAY_OUT = "Move it away."
# Beside what was exported a developer may keep these.
_HARMLESS = (".gitignore", ".gitkeep", "README.md")


class Entry(Struct, frozen=True):
    """One model in the app's list; `folder` is relative to the index."""

    model: str
    target: str
    folder: str
    title: str


class Index(Struct, frozen=True):
    """`models/index.json`: what the app shows, in this order."""

    schema_version: int
    models: tuple[Entry, ...]


@dataclass(frozen=True)
class Exported:
    """What was written: the assets' folder, its index, bytes by folder, and the folders that went."""

    assets: Path
    index: Index
    sizes: dict[str, int]
    removed: tuple[str, ...]


def export(models: Sequence[Chosen], app: Path) -> Exported:
    """Put `models` into the assets of the app in the folder `app`, and nothing else of edgekit's stays there.

    Raises UsageError where `app` is no app, where two models would have one folder, or where something that edgekit did
    not write lies in the place, or where a file changed meanwhile; ConversionError on a full disk. Until all is copied,
    what was there stays.
    """
    if not (app / _MAIN).is_dir():
        raise UsageError(f"{app} is no Android app: it has no {_MAIN}", "Name the folder of android_demo.")
    folders = [one.folder for one in models]
    if twice := sorted({folder for folder in folders if folders.count(folder) > 1}):
        raise UsageError(f"two of the artifacts are {twice[0]}", "Name one of them.")
    assets = app / ASSETS
    with locked(assets), scratch_beside(assets) as scratch:
        before = check_assets(assets, folders)
        for one in models:
            copy(one, scratch / "new" / one.folder)
        for one in models:
            (assets / one.folder).parent.mkdir(parents=True, exist_ok=True)
            replace_folder(scratch / "new" / one.folder, assets / one.folder, ARTIFACT)
        index = Index(
            SCHEMA,
            tuple(
                Entry(one.artifact.manifest.model.name, one.artifact.manifest.target, one.folder, one.title)
                for one in models
            ),
        )
        # The folders first, then the list, then what it no longer names: whoever builds in between finds all of it.
        write_whole(assets / INDEX, encode_json(index) + b"\n")
        removed = [folder for folder in before if folder not in folders]
        for folder in removed:
            remove_folder(assets / folder, ARTIFACT)
            remove_empty((assets / folder).parent)
    return Exported(assets, index, {one.folder: one.size for one in models}, tuple(removed))


def check_assets(assets: Path, wanted: Sequence[str]) -> list[str]:
    """The folders that an earlier export wrote. Raises UsageError where anything else lies in their place."""
    if assets.is_symlink() or (assets.exists() and not assets.is_dir()):
        raise UsageError(f"{assets} is {what_it_is(assets)}, and no folder of models", _WAY_OUT)
    before = earlier(assets)
    known = {PurePosixPath(folder).parts[0] for folder in before}
    strange = [path.name for path in sorted(assets.iterdir())] if assets.is_dir() else []
    strange = [name for name in strange if name not in (*known, *_HARMLESS, INDEX)]
    # A run that was killed before its list was written leaves whole artifacts that no list names.
    strange = [name for name in strange if not is_left(assets / name)]
    if strange:
        raise UsageError(f"{assets} holds {listed(strange)}, which edgekit did not write", _WAY_OUT)
    for folder in (*before, *wanted):
        if (parent := assets / PurePosixPath(folder).parts[0]).is_symlink():
            raise UsageError(f"{parent} is a link, which edgekit did not write", _WAY_OUT)
        check_folder(assets / folder, ARTIFACT)
    return before


def is_left(model: Path) -> bool:
    """Whether all in a model's folder are artifacts."""
    if model.is_symlink() or not model.is_dir():
        return False
    return all(path.is_dir() and not path.is_symlink() and is_regular(path / FILE) for path in model.iterdir())


def earlier(assets: Path) -> list[str]:
    """The folders in the list that an earlier export wrote. Raises UsageError for a list that is none of edgekit's."""
    path = assets / INDEX
    if not path.exists() and not path.is_symlink():
        return []
    if not is_regular(path):
        raise UsageError(f"{path} is {what_it_is(path)}, and no list of edgekit's", _WAY_OUT)
    index = read_json(path, Index, LARGEST_INDEX, "list of models", _WAY_OUT)
    for entry in index.models:
        # It becomes a path, and the list may come from anybody.
        parts = PurePosixPath(entry.folder).parts
        if len(parts) != 2 or not all(re.fullmatch(r"[^/\\\0]+", part) and part not in (".", "..") for part in parts):
            raise UsageError(f"{path} names {entry.folder}, which is no model's folder", _WAY_OUT)
    return list(dict.fromkeys(entry.folder for entry in index.models))


def copy(one: Chosen, folder: Path) -> None:
    """Copy an artifact's files. Raises UsageError where one is not what its manifest says."""
    folder.mkdir(parents=True)
    records = one.artifact.manifest.named_files
    for name, source in one.files.items():
        if name in records:
            copy_recorded(source, folder / name, records[name].sha256)
        else:
            copy_hashed(source, folder / name)
    if read_manifest(folder) != one.artifact.manifest:
        raise changed_meanwhile(one.artifact.folder)


def remove_empty(folder: Path) -> None:
    """Remove a model's folder where nothing is left in it."""
    if folder.is_dir() and not any(folder.iterdir()):
        shutil.rmtree(folder)
