"""Reads everything in the cache that enters a conversion, a reference or a verdict, and compares it with its hash."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgekit.cache.contents import Entry, Kind, contents
from edgekit.cache.kept import Kept, record_of
from edgekit.cache.record import read_plain, read_record
from edgekit.errors import EdgekitError
from edgekit.filesystem.hashing import file_sha256
from edgekit.pipeline.store import RECORD, Damaged, read_stage
from edgekit.reference.bundle import checked_bundle
from edgekit.weights.official import Downloaded

CHECKED: tuple[Kind, ...] = ("stages", "inputs", "weights", "downloads", "references", "sources")


@dataclass(frozen=True)
class Checked:
    """One entry that was read; `damage` says what is wrong with it, nothing where it is whole."""

    entry: Entry
    damage: str = ""


def check(cache: Path) -> Iterator[Checked]:
    """Every entry of the cache that is to be what it was, one after another, each byte read anew."""
    for entry in contents(cache, environments=False):
        if entry.kind in CHECKED and entry.path.suffix != ".part":
            yield Checked(entry, damage_of(entry, cache))


def damage_of(entry: Entry, cache: Path) -> str:
    """What is wrong with an entry; nothing where it is whole."""
    try:
        if entry.kind == "stages":
            # None: it has been removed meanwhile.
            read_stage(entry.path, cache, lambda path, _: file_sha256(path))
            return ""
        if entry.kind == "references":
            checked_bundle(entry.path)
            return ""
        if entry.kind == "downloads":
            known = read_plain(entry.path.with_name(f"{entry.path.name}.json"), Downloaded)
        else:
            known = read_record(record_of(entry.path), Kept)
        if known is None:
            return "its record cannot be read"
        return "" if file_sha256(entry.path) == known.sha256 else "it is not what was written"
    except Damaged as damaged:
        of_another = " (or another edgekit's)" if str(damaged) == RECORD else ""
        return f"{damaged} is not what was written{of_another}"
    except EdgekitError as error:
        return error.message
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
