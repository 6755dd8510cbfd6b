"""What lies in the cache, by kind. Links to folders are never followed: what they lead to is not the cache's."""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgekit.filesystem.hashes_by_stat import FOLDER as HASHES
from edgekit.filesystem.hashes_by_stat import record_of

Kind = Literal[
    "stages", "inputs", "evaluations", "weights", "downloads", "references", "sources", "environments", "devices",
    "received", "logs", "hashes", "leftovers", "locks", "other",
]  # fmt: skip
ABOUT: dict[Kind, str] = {
    "stages": "outputs of conversions and runs",
    "inputs": "golden inputs",
    "evaluations": "what models gave for photos",
    "weights": "weights made ready for the export",
    "downloads": "official weights",
    "references": "imported reference bundles",
    "sources": "source distributions of libraries",
    "environments": "toolchains",
    "devices": "emulated machines",
    "received": "what other machines of a cluster sent",
    "logs": "logs of stages that failed",
    "hashes": "hashes of files, remembered",
    "leftovers": "what killed runs left",
    "locks": "locks",
    "other": "nothing of edgekit's",
}
# What edgekit makes by itself, from what is at hand: what may be evicted without being asked.
EVICTABLE: tuple[Kind, ...] = ("stages", "inputs", "evaluations", "weights", "received", "logs", "leftovers")
KNOWN = {
    "stages", "inputs", "evaluations", "weights", "references", "sources", "environments", "devices", "received",
    "logs", HASHES, "locks",
}  # fmt: skip

# Longer than it takes to write any file.
WRITTEN_SECONDS = 3600

Blocks = dict[tuple[int, int], int]
"""What files take on the disk: (device, inode) -> bytes. A file with two names is there once."""


@dataclass(frozen=True)
class Entry:
    """One thing that is removed as a whole: `path`, the small files `beside` it, what it takes, when it was used last.

    `lock` is held while it is made.
    """

    kind: Kind
    path: Path
    blocks: Blocks
    used: float
    beside: tuple[Path, ...] = ()
    lock: Path | None = None

    @property
    def bytes(self) -> int:
        """What it takes on the disk."""
        return sum(self.blocks.values())


def total_bytes(entries: Iterable[Entry]) -> int:
    """What entries take on the disk together."""
    blocks: Blocks = {}
    for entry in entries:
        blocks |= entry.blocks
    return sum(blocks.values())


def contents(cache: Path, *, environments: bool = True) -> list[Entry]:
    """Everything in the cache; without `environments`, whose many files take a while, all but those and `devices`."""
    found = [
        *stages(cache),
        *(kept(cache, "inputs", cache / "inputs", "*.safetensors")),
        *(kept(cache, "weights", cache / "weights", "*.safetensors")),
        *(kept(cache, "downloads", cache / "weights" / "official", "*.pdparams")),
        *files("downloads", cache / "weights" / "official", "*.part"),
        *files("references", cache / "references", "*.safetensors"),
        *(kept(cache, "sources", cache / "sources", "*.tar.gz")),
        *evaluations(cache),
        *received(cache),
        *files("logs", cache / "logs", "*"),
        *files("hashes", cache / HASHES, "*.json"),
        *files("locks", cache / "locks", "*"),
        *unfinished(cache),
    ]
    if environments:
        for folder in folders(cache / "environments"):
            lock = folder.with_suffix(".lock")
            found.append(Entry("environments", folder, blocks_below(folder), modified(folder), (), lock))
        for folder in folders(cache / "devices"):
            found.append(Entry("devices", folder, blocks_below(folder), modified(folder)))
    for path in sorted(cache.glob("*")) if is_real_folder(cache) else []:
        if path.name not in KNOWN:
            found.append(Entry("other", path, blocks_below(path), modified(path)))
    return found


def links(cache: Path) -> list[Path]:
    """The folders of the cache that are links to elsewhere: neither counted nor cleared."""
    return [path for name in sorted(KNOWN) if (path := cache / name).is_symlink()]


def stages(cache: Path) -> Iterator[Entry]:
    """The outputs of stages, `stages/<tool>/<verb>/<key>`, and what killed runs left beside them."""
    for tool in folders(cache / "stages"):
        for verb in folders(tool):
            for folder in folders(verb):
                lock = folder.with_suffix(".lock")
                yield Entry("stages", folder, blocks_below(folder), modified(folder), (), lock)
            for left in sorted(verb.glob(".*")):
                # `.<key>.<process>-<number>`, made under the key's lock
                lock = verb / f"{left.name[1:].partition('.')[0]}.lock"
                yield Entry("leftovers", left, blocks_below(left), modified(left), (), lock)


def evaluations(cache: Path) -> Iterator[Entry]:
    """What each model gave for photos, a folder a model."""
    for folder in folders(cache / "evaluations"):
        yield Entry("evaluations", folder, blocks_below(folder), modified(folder))


def received(cache: Path) -> Iterator[Entry]:
    """Files and artifacts that came from other machines, a folder each."""
    for folder in folders(cache / "received"):
        yield Entry("received", folder, blocks_below(folder), modified(folder))


def kept(cache: Path, kind: Kind, folder: Path, pattern: str) -> Iterator[Entry]:
    """Files that have a record beside them, and one of their hash: both are of no use without the file."""
    for path in real_files(folder, pattern):
        records = (path.with_name(f"{path.name}.json"), record_of(path.resolve(), cache))
        beside = tuple(one for one in records if one.exists())
        used = max(modified(path), *map(modified, beside), 0.0)
        yield Entry(kind, path, blocks_below(path), used, beside, path.with_name(f"{path.name}.lock"))


def files(kind: Kind, folder: Path, pattern: str) -> Iterator[Entry]:
    """The files of a folder, one by one."""
    for path in real_files(folder, pattern):
        yield Entry(kind, path, blocks_below(path), modified(path))


def unfinished(cache: Path) -> Iterator[Entry]:
    """Files that were being written beside their places when somebody was killed: none that is written now."""
    for folder in ("inputs", "weights", "weights/official", "references", "sources", HASHES):
        for path in (cache / folder).glob(".*") if is_real_folder(cache / folder) else ():
            if path.is_file() and time.time() - modified(path) > WRITTEN_SECONDS:
                yield Entry("leftovers", path, blocks_below(path), modified(path))


def real_files(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder that is one, hidden ones left out."""
    if not is_real_folder(folder):
        return []
    return [path for path in sorted(folder.glob(pattern)) if not path.name.startswith(".") and path.is_file()]


def folders(folder: Path) -> list[Path]:
    """The folders in a folder, links and hidden ones left out."""
    if not is_real_folder(folder):
        return []
    return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".") and is_real_folder(path)]


def is_real_folder(path: Path) -> bool:
    """Whether a path is a folder and no link to one."""
    return path.is_dir() and not path.is_symlink()


def modified(path: Path) -> float:
    """When something was changed last, or marked as used; 0 where it is not there."""
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def blocks_below(path: Path) -> Blocks:
    """What a file or a folder with all in it takes; a link counts as itself."""
    found: Blocks = {}
    waiting = [path]
    while waiting:
        place = waiting.pop()
        try:
            status = place.lstat()
            if stat.S_ISDIR(status.st_mode):
                with os.scandir(place) as inside:
                    waiting += [place / entry.name for entry in inside]
        except OSError:
            continue  # gone meanwhile
        found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return found
