"""The progress of an evaluation: a bar with the time left on a terminal, a line now and then else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from edgekit.cli.console import error_console, print_log_of
from edgekit.cli.session import interruptible, keep_small
from edgekit.untrusted.wording import harmless

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from edgekit.evaluate.passes import Pass
    from edgekit.evaluate.subject import Subject
    from edgekit.pipeline.execute import Executor
    from edgekit.pipeline.outcome import Event

LINE_SECONDS = 15
"""Between two lines where no terminal shows a bar."""


@dataclass
class EvaluationDisplay:
    """Shows how far each model's pass is; `bars` only on a terminal. It is told from several threads."""

    verbose: bool
    bars: "Bars | None"
    tasks: dict[str, "TaskID"] = field(default_factory=dict)
    said: float = field(default_factory=time.monotonic)
    lock: Lock = field(default_factory=Lock)

    def notify(self, message: str) -> None:
        """Say what is worth a line."""
        error_console().print(message, style="dim", soft_wrap=True)

    def watch(self, subject: "Subject", state: "Pass") -> None:
        """Show how far a pass is."""
        with self.lock:
            ended = state.seconds > 0
            if self.bars is not None:
                name = subject.name
                task = self.tasks.get(name)
                if task is None:
                    task = self.tasks[name] = self.bars.add_task(harmless(name), total=state.total)
                words = f"{harmless(name)} {state.done}/{state.total}{self.left(state)}"
                self.bars.update(task, completed=state.done, description=words)
                if ended:
                    self.bars.remove_task(self.tasks.pop(name))
            if ended or (self.bars is None and time.monotonic() - self.said > LINE_SECONDS):
                self.said = time.monotonic()
                known = f", {state.known} of them known before" if state.known else ""
                took = f", {state.seconds:.1f} s" if ended else self.left(state)
                self.notify(f"{subject.name}: {state.done} of {state.total} photos{known}{took}")

    def left(self, state: "Pass") -> str:
        """The time left, in words."""
        from edgekit.quantities.durations import readable_duration

        seconds = state.seconds_left()
        return "" if seconds is None or state.done >= state.total else f", about {readable_duration(seconds)} left"

    def observe(self, event: "Event") -> None:
        """Show the log of a run on a device, where it was asked for."""
        outcome = event.outcome
        if self.verbose and event.kind == "finished" and outcome is not None and not isinstance(outcome, Exception):
            print_log_of(outcome.folder / "worker.log")


@contextmanager
def evaluation_session(*, offline: bool, verbose: bool) -> Iterator[tuple["Executor", EvaluationDisplay]]:
    """An executor on this machine's cache, and the display of an evaluation's progress."""
    from edgekit.cache import cache_folder
    from edgekit.cache.session import in_use
    from edgekit.pipeline.execute import Executor
    from edgekit.pipeline.store import StageStore
    from edgekit.toolchain.worker import Toolchain

    cache = cache_folder()
    with interruptible(), evaluation_display(verbose) as display:
        store = StageStore(cache / "stages", notify=display.notify)
        with in_use(cache):
            yield (
                Executor(store, Toolchain(cache, notify=display.notify, offline=offline), observe=display.observe),
                display,
            )
        keep_small(store)


@contextmanager
def evaluation_display(verbose: bool) -> Iterator[EvaluationDisplay]:
    """A display for the length of the block."""
    console = error_console()
    if not console.is_terminal:
        yield EvaluationDisplay(verbose, None)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        yield EvaluationDisplay(verbose, bars)
