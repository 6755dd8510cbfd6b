"""The stage store: what has been made, by key, written beside and renamed into place."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgekit.errors import ConversionError
from edgekit.files import describe_files, remove_folder, replace_folder, scratch_folder
from edgekit.pipeline.stage import Stage, StageFile
from edgekit.toolchain.worker import Cancelled, Toolchain

RECORD = "stage.json"
LOG = "worker.log"
LOCK_POLL_SECONDS = 0.1


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


@dataclass(frozen=True)
class StageStore:
    """Stage outputs under `root`, one folder per key."""

    root: Path

    def folder(self, stage: Stage) -> Path:
        """Where the output of `stage` lies once it is done."""
        return self.root / stage.name / stage.key

    def find(self, stage: Stage) -> StageResult | None:
        """The finished output of `stage`, or None.

        A file that is missing or has another size (a disk that filled up, a hand that deleted) means it is not
        there; it will be made again.
        """
        folder = self.folder(stage)
        if stage.otherwise is not None and not folder.exists():
            # It is made only where this way failed, and the same program fails again.
            return self.find(stage.otherwise)
        try:
            record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            whole = all((folder / name).stat().st_size == entry["bytes"] for name, entry in record["files"].items())
        except (OSError, ValueError, KeyError):
            return None
        return StageResult(folder=folder, cached=True, **record) if whole else None

    def make(self, stage: Stage, toolchain: Toolchain, cancelled: threading.Event) -> StageResult:
        """Run `stage`, or take what another process has made meanwhile. Raises what the worker's run raises.

        Its dependencies must be in the store.
        """
        folder = self.folder(stage)
        with self.exclusive(folder, cancelled):
            if found := self.find(stage):
                return found
            with scratch_folder(folder) as scratch:
                output = scratch / "output"
                output.mkdir()
                started = time.perf_counter()
                try:
                    answer = toolchain.run(
                        stage.worker,
                        {role: self.path_of(value) for role, value in stage.inputs.items()},
                        output,
                        stage.options,
                        scratch=scratch,
                        limits=stage.limits,
                        cancelled=cancelled,
                        machine=stage.machine,
                    )
                except ConversionError as error:
                    raise type(error)(error.message, self.keep_log(stage, scratch, error.remedy)) from None
                result = StageResult(
                    folder=folder,
                    key=stage.key,
                    worker=stage.worker,
                    files=describe_files(output),
                    details=answer.details,
                    tools=answer.tools,
                    seconds=answer.seconds,
                    wall_seconds=time.perf_counter() - started,
                    peak_memory_bytes=answer.peak_memory_bytes,
                )
                record = {name: value for name, value in asdict(result).items() if name not in ("folder", "cached")}
                (output / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
                shutil.copyfile(scratch / LOG, output / LOG)
                replace_folder(output, folder)
            return result

    def remove(self, stage: Stage) -> None:
        """Remove the output of `stage`, where it is there. What was made from it stays and hides that it is gone."""
        if stage.otherwise is not None:
            self.remove(stage.otherwise)
        folder = self.folder(stage)
        if folder.parent.exists():
            with self.exclusive(folder, threading.Event()):
                remove_folder(folder)

    def path_of(self, value: Any) -> Path:
        """The path of a stage's input."""
        if not isinstance(value, StageFile):
            return value.path
        made = self.find(value.stage)
        return (made.folder if made else self.folder(value.stage)) / value.name

    def keep_log(self, stage: Stage, scratch: Path, remedy: str) -> str:
        """Move a failed stage's log out of its scratch folder; returns the remedy with the new place."""
        kept = self.root.parent / "logs" / f"{stage.name.replace('/', '-')}-{stage.key[:12]}.log"
        if not (scratch / LOG).exists():
            return remedy
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(scratch / LOG, kept)
        return remedy.replace(str(scratch / LOG), str(kept))

    @contextmanager
    def exclusive(self, folder: Path, cancelled: threading.Event) -> Iterator[None]:
        """Hold the lock of one key, so that two runs on one cache share the work. Raises Cancelled."""
        from filelock import FileLock, Timeout

        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.with_suffix(".lock"), thread_local=False)
        while True:
            try:
                lock.acquire(timeout=0, poll_interval=LOCK_POLL_SECONDS)
                break
            except Timeout:
                if cancelled.wait(LOCK_POLL_SECONDS):
                    raise Cancelled from None
        try:
            yield
        finally:
            lock.release()
