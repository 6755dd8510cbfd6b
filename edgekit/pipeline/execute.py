"""Runs stages side by side, each as soon as what it needs is done."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from edgekit.errors import ConversionError, EdgekitError
from edgekit.pipeline.stage import Stage
from edgekit.pipeline.store import StageResult, StageStore
from edgekit.toolchain.worker import Cancelled, Toolchain

Outcome = StageResult | EdgekitError


@dataclass(frozen=True)
class Event:
    """Something a progress display wants: a stage was `started`, `finished` (also from the cache) or `failed`."""

    kind: str
    stage: Stage
    outcome: Outcome | None = None


@dataclass
class Outcomes:
    """What became of each stage, by key."""

    by_key: dict[str, Outcome] = field(default_factory=dict)

    def result(self, stage: Stage) -> StageResult:
        """The result of `stage`; raises the error that it, or a stage before it, ended with."""
        outcome = self.by_key[stage.key]
        if isinstance(outcome, EdgekitError):
            raise outcome
        return outcome


@dataclass
class Executor:
    """Runs stages in a store with a toolchain, on `cores` of the machine.

    `observe` gets the events, from several threads.
    """

    store: StageStore
    toolchain: Toolchain
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    observe: Callable[[Event], None] = lambda _: None

    def run(self, wanted: Iterable[Stage]) -> Outcomes:
        """Make every stage of `wanted` and what it needs; a failure stops only what depends on it.

        On KeyboardInterrupt running workers are killed, nothing half-made stays, and it is raised again.
        """
        outcomes = Outcomes()
        pending = {stage.key: stage for stage in self.missing(wanted, outcomes)}
        running: dict[Future[StageResult], Stage] = {}
        free = self.cores
        cancelled = threading.Event()
        with ThreadPoolExecutor(max_workers=max(1, self.cores), thread_name_prefix="stage") as pool:
            try:
                while pending or running:
                    for stage in self.startable(pending, outcomes):
                        occupied = min(stage.cores, self.cores)
                        if occupied > free:
                            continue
                        free -= occupied
                        del pending[stage.key]
                        self.observe(Event("started", stage))
                        running[pool.submit(self.store.make, stage, self.toolchain, cancelled)] = stage
                    if not running:
                        continue  # what was pending has just failed with its dependencies
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        stage = running.pop(future)
                        free += min(stage.cores, self.cores)
                        self.settle(stage, future, outcomes)
            except BaseException:
                cancelled.set()
                raise
        return outcomes

    def missing(self, wanted: Iterable[Stage], outcomes: Outcomes) -> Iterator[Stage]:
        """The stages that must run, in an order that respects dependencies; what is in the store is settled.

        A stage whose output is there hides what it was made from: that need not be there any more.
        """
        seen: set[str] = set()

        def visit(stage: Stage) -> Iterator[Stage]:
            if stage.key in seen:
                return
            seen.add(stage.key)
            if found := self.store.find(stage):
                outcomes.by_key[stage.key] = found
                self.observe(Event("finished", stage, found))
                return
            for dependency in stage.dependencies():
                yield from visit(dependency)
            yield stage

        for stage in wanted:
            yield from visit(stage)

    def startable(self, pending: dict[str, Stage], outcomes: Outcomes) -> list[Stage]:
        """The pending stages whose dependencies are done; those with a failed one are failed here."""
        ready = []
        for stage in list(pending.values()):
            states = [outcomes.by_key.get(dependency.key) for dependency in stage.dependencies()]
            failed = next((state for state in states if isinstance(state, EdgekitError)), None)
            if failed is not None:
                del pending[stage.key]
                outcomes.by_key[stage.key] = failed
                self.observe(Event("failed", stage, failed))
            elif all(isinstance(state, StageResult) for state in states):
                ready.append(stage)
        # The longest way first: what the most others wait for.
        return sorted(ready, key=lambda stage: -self.height(stage, pending))

    @staticmethod
    def height(stage: Stage, pending: dict[str, Stage]) -> int:
        """How many stages still depend on `stage`, through any number of steps."""
        waiting = {stage.key}
        grown = True
        while grown:
            more = {
                other.key
                for other in pending.values()
                if other.key not in waiting and any(d.key in waiting for d in other.dependencies())
            }
            waiting |= more
            grown = bool(more)
        return len(waiting) - 1

    def settle(self, stage: Stage, future: Future[StageResult], outcomes: Outcomes) -> None:
        """Write down what became of a stage. Raises what is not meant for the user, and cancellation."""
        outcome: Outcome
        try:
            outcome = future.result()
        except Cancelled:
            raise KeyboardInterrupt from None
        except EdgekitError as error:
            outcome = type(error)(f"{stage.about}: {error.message}", error.remedy)
        except OSError as error:
            outcome = ConversionError(f"{stage.about}: {error.strerror or error}: {error.filename or ''}".rstrip(": "))
        outcomes.by_key[stage.key] = outcome
        self.observe(Event("failed" if isinstance(outcome, EdgekitError) else "finished", stage, outcome))
