"""Runs stages side by side, each as soon as what it needs is done."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from edgekit.pipeline.outcome import Event, Outcome, Outcomes
from edgekit.pipeline.schedule import Job, Schedule
from edgekit.pipeline.stage import Stage
from edgekit.pipeline.store import StageResult, StageStore
from edgekit.toolchain.cores import usable_cores
from edgekit.toolchain.worker import Toolchain

__all__ = ["Event", "Executor", "Job", "Outcome", "Outcomes"]

DEVICES = 16
"""So many runs on devices that are reached go on at once, which take none of this machine's cores."""


@dataclass
class Executor:
    """Runs stages in a store with a toolchain, on `cores` of the machine and within `memory_bytes` (None: no bound).

    `observe` gets the events, from several threads.
    """

    store: StageStore
    toolchain: Toolchain
    cores: int = field(default_factory=usable_cores)
    memory_bytes: int | None = None
    observe: Callable[[Event], None] = lambda _: None

    def run(self, wanted: Iterable[Stage]) -> Outcomes:
        """Make every stage of `wanted` and what it needs; a failure stops only what depends on it.

        On KeyboardInterrupt running workers are killed, nothing half-made stays, and it is raised again.
        """
        stages = list(wanted)

        def job() -> Job:
            yield stages

        return self.work([job()])

    def work(self, jobs: Iterable[Job], window: int = 1) -> Outcomes:
        """Drive `jobs` to their ends, at most `window` of them open at once, taken from `jobs` as they are opened.

        A job is a generator: it yields the stages it wants next, and gets the outcomes once each of those is made
        or has failed. What a job itself raises ends the whole run, and so does KeyboardInterrupt, as in `run`.
        """
        with ThreadPoolExecutor(max_workers=max(1, self.cores) + DEVICES, thread_name_prefix="stage") as pool:
            schedule = Schedule(self.store, self.make, pool, lambda: self.cores, self.memory_bytes, self.observe)
            return schedule.drive(iter(jobs), window)

    def make(self, stage: Stage, cancelled: threading.Event) -> StageResult:
        """Make one stage whose dependencies are done. Raises as `StageStore.make`."""
        return self.store.make(stage, self.toolchain, cancelled)

    def window(self, jobs: int) -> int:
        """How many jobs are to be open at once where one machine needs so many."""
        return jobs

    @property
    def where(self) -> str:
        """What is to be said of where timed stages run; nothing for this machine."""
        return ""
