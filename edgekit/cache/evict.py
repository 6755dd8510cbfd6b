"""Removes from the cache: by age, by size, or all of a kind; never what a running edgekit uses or makes."""

import shutil
import time
import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.cache.bound import cache_bound
from edgekit.cache.contents import EVICTABLE, Blocks, Entry, Kind, contents, modified, total_bytes
from edgekit.cache.lock import file_lock
from edgekit.cache.record import read_record
from edgekit.cache.session import running_since
from edgekit.filesystem.hashes_by_stat import USED_SECONDS, Remembered

DAY = 86400.0


@dataclass
class Pruning:
    """What was `removed`, how many entries stay because they are `in_use`, and what could not be removed (`failed`)."""

    removed: list[Entry] = field(default_factory=list)
    in_use: int = 0
    failed: list[Path] = field(default_factory=list)
    freed: int = 0
    """Bytes on the disk that are free now."""


def prune(
    cache: Path,
    *,
    keep_days: float | None = None,
    max_bytes: int | None = None,
    unused: Callable[[Path], bool] = lambda _: False,
) -> Pruning:
    """Remove what was not used for `keep_days`, then what was used least recently until `max_bytes` are left.

    Only what edgekit makes by itself from what is at hand counts and goes; of environments those that are `unused` by
    this edgekit, by age. Records of files that are gone go in any case.
    """
    everything = contents(cache, environments=keep_days is not None)
    candidates = sorted((one for one in everything if one.kind in EVICTABLE), key=lambda entry: entry.used)
    remover = Remover.of(cache, everything)
    oldest = time.time() - (keep_days or 0) * DAY
    if keep_days is not None:
        old = [one for one in everything if one.kind == "environments" and unused(one.path)]
        for entry in [*candidates, *old]:
            if entry.used < oldest:
                remover.remove(entry)
    if max_bytes is not None:
        gone = {entry.path for entry in remover.done.removed}
        for entry in candidates:
            if remover.taken_by(EVICTABLE) <= max_bytes:
                break
            if entry.path not in gone:
                remover.remove(entry)
    for entry in everything:
        if entry.kind == "hashes" and not is_of_a_file(entry.path):
            remover.remove(entry)
    return remover.done


def clear(cache: Path, kinds: Collection[Kind]) -> Pruning:
    """Remove everything of some kinds that is not in use."""
    everything = contents(cache, environments=not {"environments", "devices"}.isdisjoint(kinds))
    remover = Remover.of(cache, everything)
    for entry in everything:
        if entry.kind in kinds:
            remover.remove(entry)
    return remover.done


def keep_within_bound(cache: Path) -> Pruning:
    """Evict what was used least recently where the cache has outgrown its bound. Raises UsageError for a bad bound."""
    bound = cache_bound()
    if bound is None:
        return Pruning()
    taken = total_bytes(one for one in contents(cache, environments=False) if one.kind in EVICTABLE)
    return prune(cache, max_bytes=bound) if taken > bound else Pruning()


def is_of_a_file(record: Path) -> bool:
    """Whether a remembered hash is of a file that is still there."""
    known = read_record(record, Remembered)
    return known is not None and Path(known.path).exists()


@dataclass
class Remover:
    """Removes entries, and knows what those that stay take. `since` is the time from which on things are in use."""

    cache: Path
    since: float
    names: dict[tuple[int, int], int]
    """How many of the entries hold each file."""
    left: dict[Kind, Blocks]
    done: Pruning = field(default_factory=Pruning)

    @classmethod
    def of(cls, cache: Path, entries: Iterable[Entry]) -> "Remover":
        """One for a cache with these entries."""
        began = running_since(cache)
        # A use is marked again only after a while.
        since = float("inf") if began is None else began - USED_SECONDS
        names: dict[tuple[int, int], int] = {}
        left: dict[Kind, Blocks] = {}
        for entry in entries:
            left.setdefault(entry.kind, {}).update(entry.blocks)
            for block in entry.blocks:
                names[block] = names.get(block, 0) + 1
        return cls(cache, since, names, left)

    def taken_by(self, kinds: Collection[Kind]) -> int:
        """What all of some kinds take now."""
        blocks: Blocks = {}
        for kind in kinds:
            blocks |= self.left.get(kind, {})
        return sum(blocks.values())

    def remove(self, entry: Entry) -> None:
        """Remove an entry, unless it is in use or being made."""
        # A toolchain is used by whoever runs, and says nothing of it.
        used = entry.kind in ("environments", "devices") and self.since != float("inf")
        if used or last_used(entry) >= self.since or not self.removed(entry):
            self.done.in_use += 1
            return
        if entry.path.exists() or entry.path.is_symlink():
            self.done.failed.append(entry.path)
            return
        self.done.removed.append(entry)
        for block, size in entry.blocks.items():
            self.names[block] -= 1
            if not self.names[block]:
                self.done.freed += size
                for blocks in self.left.values():
                    blocks.pop(block, None)

    def removed(self, entry: Entry) -> bool:
        """Take the entry out of its place under its lock; False where another process holds that, or has used it."""
        if entry.lock is None or not entry.lock.exists():
            return self.taken_out(entry)
        from filelock import Timeout

        lock = file_lock(entry.lock)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        try:
            return self.taken_out(entry)
        finally:
            lock.release()

    def taken_out(self, entry: Entry) -> bool:
        """Rename the entry and delete it; put it back where it has been used since it was looked at."""
        hidden = entry.path.with_name(f".{entry.path.name.lstrip('.')}.old-{uuid.uuid4().hex[:8]}")
        try:
            entry.path.rename(hidden)
        except FileNotFoundError:
            return True
        except OSError:
            return True  # it is still there, which is told
        # Not `last_used`: its memory is still found by its old name.
        if max(modified(hidden), *map(modified, entry.beside), 0.0) > entry.used and entry.kind != "leftovers":
            hidden.rename(entry.path)
            return False
        remove_tree(hidden)
        for path in entry.beside:
            path.unlink(missing_ok=True)
        return True


def last_used(entry: Entry) -> float:
    """When an entry was used last, by what the disk says now."""
    return max(entry.used, modified(entry.path), *map(modified, entry.beside), 0.0)


def remove_tree(path: Path) -> None:
    """Remove a file, a link (not what it leads to), or a folder with all in it."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)
