"""A model's runner: a worker in the target's own environment, confined as ever; another one follows if it ends."""

import queue
import threading
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path

from edgekit.artifact.samples import run_options
from edgekit.errors import EdgekitError, WorkerError
from edgekit.pipeline.limits import RUN_LIMITS
from edgekit.pipeline.target import targets
from edgekit.serve.link import Link
from edgekit.serve.served import Served
from edgekit.toolchain.command import Cancelled
from edgekit.toolchain.worker import Toolchain


@dataclass(frozen=True)
class Ended:
    """A worker has ended: `who` it was (the server: empty), and why."""

    who: str
    trouble: BaseException


@dataclass
class ModelRunner:
    """Runs one model behind `link`; `copy` is the folder of the artifact's files. `ended` is told of each end.

    `which`: of several runners of a model, the number that sentences call it by.
    """

    id: str
    served: Served
    copy: Path
    link: Link
    toolchain: Toolchain
    threads: int
    scratch: Path
    ended: "queue.Queue[Ended]"
    which: int | None = None
    starts: int = 0
    _thread: threading.Thread | None = field(default=None, init=False)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _hung: threading.Event = field(default_factory=threading.Event, init=False)

    @property
    def title(self) -> str:
        """What answers, as sentences call it: the model, or one of its runners."""
        return self.served.title if self.which is None else self._called

    @property
    def _called(self) -> str:
        return f"{'the runner' if self.which is None else f'runner {self.which}'} of {self.served.title}"

    def start(self) -> None:
        """Start a worker; on the link of the one before, where there was one."""
        self.starts += 1
        self._stop, self._hung = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name=self._called)
        self._thread.start()

    def stop(self) -> None:
        """Have the worker ended at once."""
        self._stop.set()

    def end_hung(self) -> None:
        """Have a worker ended that does not answer; its end says so."""
        self._hung.set()
        self._stop.set()

    def join(self) -> None:
        """Wait until it has ended."""
        if self._thread is not None:
            self._thread.join()

    def join_within(self, seconds: float) -> None:
        """Wait for its end for so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _work(self) -> None:
        one = self.served
        manifest, target = one.artifact.manifest, targets()[one.artifact.manifest.target]
        files = {record.role: self.copy / name for name, record in manifest.files.items()}
        scratch = self.scratch / f"{self.id}-{self.starts}"
        try:
            (output := scratch / "output").mkdir(parents=True)
            self.toolchain.run(
                target.worker(one.variant.worker),
                {role: files[file] for role, file in one.variant.inputs.items()},
                output,
                {
                    **run_options(one.artifact),
                    "threads": self.threads,
                    "latency": None,
                    "serve": self.link.runners_option,
                },
                scratch=scratch,
                limits=replace(RUN_LIMITS, seconds=inf, threads=self.threads, gpu=one.variant.needs is not None),
                cancelled=self._stop,
                channel=self.link.runners_ends,
            )
            self.ended.put(Ended(self.id, WorkerError(f"{self._called} has ended by itself")))
        except (EdgekitError, Cancelled, OSError) as error:
            hung = self._hung.is_set()
            trouble = WorkerError(f"{self._called} did not answer, and was ended") if hung else error
            self.ended.put(Ended(self.id, trouble))
