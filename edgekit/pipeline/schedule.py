"""Which stage starts when: within the cores and the memory, timed ones with the machine to themselves."""

import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from edgekit.errors import ConversionError, DiskFullError, EdgekitError, OperatorError
from edgekit.filesystem.full_disk import full_disk, is_full
from edgekit.pipeline.outcome import Event, Outcome, Outcomes
from edgekit.pipeline.stage import Stage
from edgekit.pipeline.store import StageResult, StageStore
from edgekit.toolchain.worker import Cancelled

Job = Generator[list[Stage], Outcomes, None]
Make = Callable[[Stage, threading.Event], StageResult]
"""Makes a stage whose dependencies are done, until it is cancelled; raises what `StageStore.make` raises."""


@dataclass
class Schedule:
    """The state of one run: the open jobs and what each waits for, what is pending, what runs.

    `room` says how many cores there are now. Where stages have a machine to themselves by other means (`apart`), timed
    ones start as any other.
    """

    store: StageStore
    make: Make
    pool: ThreadPoolExecutor
    room: Callable[[], int]
    memory_bytes: int | None
    observe: Callable[[Event], None]
    outcomes: Outcomes = field(default_factory=Outcomes)
    pending: dict[str, Stage] = field(default_factory=dict)
    running: dict[Future[StageResult], Stage] = field(default_factory=dict)
    waiting: dict[Job, list[str]] = field(default_factory=dict)
    opened: dict[Job, int] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    instead: dict[str, tuple[Stage, ConversionError]] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)
    timing: bool = False
    apart: bool = False

    def drive(self, jobs: Iterator[Job], window: int) -> Outcomes:
        """Run everything that the jobs ask for; returns when all have ended."""
        try:
            self.advance(jobs, window)
            while self.waiting:
                self.start_what_fits()
                if self.running:
                    done, _ = wait(self.running, return_when=FIRST_COMPLETED)
                    for future in done:
                        self.settle(self.running.pop(future), future)
                self.advance(jobs, window)
        except BaseException:
            self.cancelled.set()
            raise
        return self.outcomes

    def advance(self, jobs: Iterator[Job], window: int) -> None:
        """Give each job whose stages are all settled the outcomes, and open new ones in the place of those that end."""
        moved = True
        while moved:
            moved = False
            for job, keys in list(self.waiting.items()):
                if all(key in self.outcomes.by_key for key in keys):
                    moved = True
                    self.step(job)
            while len(self.waiting) < window and (job := next(jobs, None)) is not None:
                moved = True
                self.opened[job] = len(self.opened)
                self.step(job)

    def step(self, job: Job) -> None:
        """Let a job go on to the next stages that it wants, or to its end."""
        begun = self.waiting.pop(job, None) is not None
        try:
            wanted = job.send(self.outcomes) if begun else next(job)
        except StopIteration:
            return
        self.waiting[job] = [stage.key for stage in wanted]
        for stage in wanted:
            self.want(stage, self.opened[job])

    def want(self, stage: Stage, rank: int) -> None:
        """Note `stage` and what it needs as pending, for the job of that rank; what is in the store is settled.

        A stage whose output is there hides what it was made from: that need not be there any more.
        """
        in_hand = (self.pending, self.outcomes.by_key, {one.key for one in self.running.values()})
        if any(stage.key in known for known in in_hand):
            return
        if found := self.store.find(stage):
            self.finish(stage, found)
            return
        for dependency in stage.dependencies():
            self.want(dependency, rank)
        self.ranks[stage.key] = rank
        self.pending[stage.key] = stage

    def start_what_fits(self) -> None:
        """Start pending stages whose dependencies are done.

        Timed stages run one by one with nothing beside them. Switching costs idle cores, so they wait until
        nothing else can start and then all of them run, before others go on.
        """
        ready = self.startable()
        timed = [stage for stage in ready if stage.alone and not self.apart]
        shared = [stage for stage in ready if not stage.alone or self.apart]
        self.timing = bool(timed) and (self.timing or not (shared or self.running))
        if self.timing:
            if not self.running:
                self.start(timed[0])
            return
        for stage in shared:
            if not self.memory_is_free(stage):
                break  # the others do not overtake it, or it might never find room
            if min(stage.cores, self.room()) <= self.free_cores():
                self.start(stage)

    def startable(self) -> list[Stage]:
        """The pending stages whose dependencies are done; those that cannot run any more are failed here."""
        ready = []
        for stage in list(self.pending.values()):
            states = [self.outcomes.by_key.get(dependency.key) for dependency in stage.dependencies()]
            failed = next((state for state in states if isinstance(state, EdgekitError)), None)
            if failed is None and self.memory_bytes is not None and stage.memory_bytes > self.memory_bytes:
                failed = too_big(stage, self.memory_bytes)
            if failed is not None:
                del self.pending[stage.key]
                self.finish(stage, failed)
            elif all(isinstance(state, StageResult) for state in states):
                ready.append(stage)
        # The longest way first: what the most others wait for. Then the oldest job, so that it ends and makes room.
        return sorted(ready, key=lambda stage: (-self.height(stage), self.ranks[stage.key]))

    def height(self, stage: Stage) -> int:
        """How many pending stages depend on `stage`, through any number of steps."""
        waiting = {stage.key}
        grown = True
        while grown:
            more = {
                other.key
                for other in self.pending.values()
                if other.key not in waiting and any(d.key in waiting for d in other.dependencies())
            }
            waiting |= more
            grown = bool(more)
        return len(waiting) - 1

    def memory_is_free(self, stage: Stage) -> bool:
        """Whether `stage` fits beside what runs, by the estimates."""
        if self.memory_bytes is None:
            return True
        return sum(one.memory_bytes for one in self.running.values()) + stage.memory_bytes <= self.memory_bytes

    def free_cores(self) -> int:
        """The cores that nothing runs on."""
        cores = self.room()
        return cores - sum(min(one.cores, cores) for one in self.running.values())

    def start(self, stage: Stage) -> None:
        """Hand a stage to the pool."""
        del self.pending[stage.key]
        self.observe(Event("started", stage))
        self.running[self.pool.submit(self.make, stage, self.cancelled)] = stage

    def settle(self, stage: Stage, future: Future[StageResult]) -> None:
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
            if is_full(error):
                outcome = full_disk(self.store.root)
        # A disk that is full says nothing of what the toolchain can do.
        full = isinstance(outcome, DiskFullError)
        if isinstance(outcome, ConversionError) and not full and stage.otherwise is not None:
            self.go_another_way(stage, stage.otherwise, outcome)
            return
        self.finish(stage, outcome)

    def go_another_way(self, stage: Stage, other: Stage, error: ConversionError) -> None:
        """Do `other` in the place of `stage`, which ended with `error`; its outcome is that of both."""
        if (settled := self.outcomes.by_key.get(other.key)) is not None:
            self.finish(stage, either(error, settled))
            return
        self.instead[other.key] = (stage, error)
        self.want(other, self.ranks[stage.key])

    def finish(self, stage: Stage, outcome: Outcome) -> None:
        """Note and tell an outcome."""
        self.outcomes.by_key[stage.key] = outcome
        self.observe(Event("failed" if isinstance(outcome, EdgekitError) else "finished", stage, outcome))
        if (waiting := self.instead.pop(stage.key, None)) is not None:
            asked, error = waiting
            self.finish(asked, either(error, outcome))


def either(error: ConversionError, other: Outcome) -> Outcome:
    """What became of a stage that ended with `error`, by what the other way ended with."""
    if not isinstance(other, EdgekitError):
        return other
    # Both ways lack operators, or something else is wrong with one of them.
    kind = OperatorError if isinstance(error, OperatorError) and isinstance(other, OperatorError) else ConversionError
    return kind(f"{error.message}; nor the other way: {other.message}", error.remedy)


def too_big(stage: Stage, memory_bytes: int) -> ConversionError:
    """The error of a stage that this machine has no room for."""
    return ConversionError(
        f"{stage.about}: it takes about {stage.memory_bytes / 2**30:.1f} GiB of memory, and "
        f"{memory_bytes / 2**30:.1f} GiB are free for it",
        "End other programs, or use a larger machine.",
    )
