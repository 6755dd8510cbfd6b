"""The stage store: what has been made, by key, checked when it is used, written beside and renamed into place."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from edgekit.cache.lock import acquire, file_lock
from edgekit.cache.record import clear_folder, read_record, write_record
from edgekit.cache.session import claim, claimed_by_others, release
from edgekit.errors import ConversionError
from edgekit.filesystem.hashes_by_stat import Hashed, hashed, mark_used, remember, remembered_sha256
from edgekit.filesystem.writing import remove_folder, replace_folder, scratch_folder
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.toolchain.left import is_plain
from edgekit.toolchain.worker import Cancelled, Toolchain

RECORD = "stage.json"
LOG = "worker.log"


class FileFacts(Struct, frozen=True):
    """A file of a stage's output: the SHA-256 of its bytes, and how many there are."""

    sha256: str
    bytes: int


class MadeStage(Struct, frozen=True):
    """What `stage.json` says: the fields of a `StageResult`."""

    key: str
    worker: str
    files: dict[str, FileFacts]
    details: dict[str, Any]
    tools: dict[str, str]
    seconds: float
    wall_seconds: float
    peak_memory_bytes: int


@dataclass(frozen=True)
class StageResult:
    """A finished stage: its output `folder`, `files` (name -> sha256 and bytes), what the worker said.

    `seconds` is the worker's own time and `wall_seconds` the whole run's, start-up included; both are of the
    run that made the output. `cached` says that it was there already.
    """

    folder: Path
    key: str
    worker: str
    files: dict[str, dict[str, Any]]
    details: dict[str, Any]
    tools: dict[str, str]
    seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    cached: bool = False


class Damaged(Exception):
    """What lies in the store is not what was made; the text names the file."""


def read_stage(
    folder: Path, cache: Path, sha256: Callable[[Path, Path], str] = remembered_sha256
) -> StageResult | None:
    """The output in a stage's folder, every file of it what its record says; None where there is no such folder.

    Raises Damaged for anything else. `cache` remembers hashes; `sha256(path, cache)` finds one.
    """
    if not folder.is_dir():
        return None
    if folder.is_symlink():
        raise Damaged(folder.name)
    made = read_record(folder / RECORD, MadeStage)
    if made is None or made.key != folder.name:
        raise Damaged(RECORD)
    for name, facts in made.files.items():
        path = folder / name
        try:
            same = is_plain_file(path, folder) and path.stat().st_size == facts.bytes
            if not (same and sha256(path, cache) == facts.sha256):
                raise Damaged(name)
        except OSError:
            raise Damaged(name) from None
    return result_of(folder, made, cached=True)


def result_of(folder: Path, made: MadeStage, *, cached: bool) -> StageResult:
    """What `stage.json` says, as a result whose output lies in `folder`."""
    fields = {name: getattr(made, name) for name in made.__struct_fields__}
    return StageResult(folder=folder, cached=cached, **{**fields, "files": to_builtins(made.files)})


def is_plain_file(path: Path, folder: Path) -> bool:
    """Whether a path is a file of `folder` itself: no link, and none of the folders on the way is one."""
    on_the_way = [path, *(place for place in path.parents if place != folder and place.is_relative_to(folder))]
    inside = path.is_relative_to(folder) and ".." not in path.parts
    return inside and path.is_file() and not any(place.is_symlink() for place in on_the_way)


@dataclass(frozen=True)
class StageStore:
    """Stage outputs under `root`, one folder per key. `notify` is told in one line of what has to be made anew."""

    root: Path
    notify: Callable[[str], None] = lambda _: None
    told: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    """The keys of what this process has made."""

    @property
    def cache(self) -> Path:
        """The cache that the store is in."""
        return self.root.parent

    def folder(self, stage: Stage) -> Path:
        """Where the output of `stage` lies once it is done."""
        return self.root / stage.name / stage.key

    def find(self, stage: Stage) -> StageResult | None:
        """The finished output of `stage`, or None.

        One that is not what was made (a disk that filled up, a hand that deleted, a bit that fell) is not there
        either: it will be made again, which is said.
        """
        folder = self.folder(stage)
        if stage.otherwise is not None and not folder.exists():
            # It is made only where this way failed, and the same program fails again.
            return self.find(stage.otherwise)
        try:
            # Claimed and marked before it is looked at: whoever removes or evicts looks at that last.
            claim(self.cache, stage.key)
            mark_used(folder)
            return read_stage(folder, self.cache)
        except Damaged as damaged:
            if stage.key not in self.told:
                self.told.add(stage.key)
                self.notify(f"{stage.about}: {damaged} in the cache is damaged, and is made again")
            return None

    def make(self, stage: Stage, toolchain: Toolchain, cancelled: threading.Event) -> StageResult:
        """Run `stage`, or take what another process has made meanwhile. Raises what the worker's run raises.

        Its dependencies must be in the store. Raises ConversionError where an input is not what the stage's key was
        made of, before the run or after it.
        """
        folder = self.folder(stage)
        with self.exclusive(folder, cancelled):
            if found := self.find(stage):
                return found
            with scratch_folder(folder) as scratch:
                output = scratch / "output"
                output.mkdir()
                started = time.perf_counter()
                inputs = self.checked_inputs(stage)
                try:
                    answer = toolchain.run(
                        stage.worker,
                        inputs,
                        output,
                        stage.options,
                        scratch=scratch,
                        limits=stage.allowed,
                        cancelled=cancelled,
                        machine=stage.machine,
                        hosted=stage.hosted,
                    )
                except ConversionError as error:
                    raise type(error)(error.message, self.keep_log(stage, scratch, error.remedy)) from None
                for name in (RECORD, LOG):  # what a worker has left there may be an input's other name: never written
                    (output / name).unlink(missing_ok=True)
                self.checked_inputs(stage)
                files = hashed_files(output)
                made = MadeStage(
                    key=stage.key,
                    worker=stage.worker,
                    files={name: FileFacts(found.sha256, found.identity[0]) for name, found in files.items()},
                    details=answer.details,
                    tools=answer.tools,
                    seconds=answer.seconds,
                    wall_seconds=time.perf_counter() - started,
                    peak_memory_bytes=answer.peak_memory_bytes,
                )
                write_record(output / RECORD, made)
                shutil.copyfile(scratch / LOG, output / LOG)
                put_in_place(output, folder)
            self.made.add(stage.key)
            for name, found in files.items():
                remember(folder / name, found, self.cache)
            return result_of(folder, made, cached=False)

    def checked_inputs(self, stage: Stage) -> dict[str, Path]:
        """The paths of a stage's inputs. Raises ConversionError where one is not what the stage's key was made of."""
        return {role: self.checked(value) for role, value in stage.inputs.items()}

    def checked(self, value: SourceFile | StageFile) -> Path:
        """The path of an input that is what it is said to be."""
        if isinstance(value, StageFile):
            if (made := self.find(value.stage)) is None:
                raise ConversionError(
                    f"what the {value.stage.about} left in the cache has gone or changed", "Run the command again."
                )
            return made.folder / value.name
        if not self.is_as_said(value):
            raise ConversionError(f"{value.path} has changed since this command began", "Run the command again.")
        return value.path

    def is_as_said(self, source: SourceFile) -> bool:
        """Whether a file is still the one whose hash is known; of folders only stages' outputs can be asked."""
        try:
            if source.path.is_dir():
                is_stage = source.path.name == source.sha256
                return not is_stage or read_stage(source.path, self.cache) is not None
            return remembered_sha256(source.path, self.cache) == (source.content or source.sha256)
        except (OSError, Damaged):
            return False

    def remove(self, stage: Stage) -> None:
        """Remove the output of `stage`, where it is there. What was made from it stays and hides that it is gone.

        Where another process that runs now uses it, it stays, for that one to remove or to be evicted.
        """
        if stage.otherwise is not None:
            self.remove(stage.otherwise)
        release(self.cache, stage.key)
        folder = self.folder(stage)
        if folder.parent.exists():
            with self.exclusive(folder, threading.Event()):
                if not claimed_by_others(self.cache, stage.key):
                    remove_folder(folder)

    def forget(self, stage: Stage) -> None:
        """Remove the output of a stage that was made for one call alone, and its lock with it."""
        self.remove(stage)
        self.folder(stage).with_suffix(".lock").unlink(missing_ok=True)

    def keep_log(self, stage: Stage, scratch: Path, remedy: str) -> str:
        """Move a failed stage's log out of its scratch folder; returns the remedy with the new place."""
        kept = self.cache / "logs" / f"{stage.name.replace('/', '-')}-{stage.key[:12]}.log"
        if not is_plain(scratch / LOG):
            return remedy
        kept.parent.mkdir(parents=True, exist_ok=True)
        clear_folder(kept)
        shutil.copyfile(scratch / LOG, kept)
        return remedy.replace(str(scratch / LOG), str(kept))

    @contextmanager
    def exclusive(self, folder: Path, cancelled: threading.Event) -> Iterator[None]:
        """Hold the lock of one key, so that two runs on one cache share the work. Raises Cancelled."""
        lock = file_lock(lock_of(folder))
        if not acquire(lock, cancelled):
            raise Cancelled
        try:
            yield
        finally:
            lock.release()


def lock_of(folder: Path) -> Path:
    """The lock of a stage's output."""
    return folder.with_suffix(".lock")


def hashed_files(folder: Path) -> dict[str, Hashed]:
    """Every file below `folder`, hashed: relative name -> what was found, in name order.

    Raises ConversionError for a link, which would be somebody else's file.
    """
    links = [path.name for path in folder.rglob("*") if path.is_symlink()]
    if links:
        raise ConversionError(f"a worker left a link in the place of a file: {links[0]}")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashed(path) for path in files}


def put_in_place(output: Path, folder: Path) -> None:
    """Rename a finished output into its place; a file or a link that lies there is no output of a stage, and goes."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    replace_folder(output, folder)
