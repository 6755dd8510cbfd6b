"""What the commands that run stages share: the executor, and how its progress is shown."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgekit.cli.console import error_console
from edgekit.cli.interrupts import is_listening

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from edgekit.pipeline.execute import Event, Executor


@contextmanager
def session(*, offline: bool, verbose: bool) -> Iterator["Executor"]:
    """An executor on this machine's cache, its progress shown on stderr while the block runs.

    A polite request to end (SIGTERM) is treated as Ctrl-C: workers are stopped and nothing half-made stays.
    """
    from edgekit.cache import cache_folder
    from edgekit.pipeline.execute import Executor
    from edgekit.pipeline.store import StageStore
    from edgekit.toolchain.worker import Toolchain

    cache = cache_folder()
    with interruptible(), shown_progress(verbose) as display:
        yield Executor(
            StageStore(cache / "stages"),
            Toolchain(cache, notify=display.notify, offline=offline),
            observe=display.observe,
        )


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt in the main thread."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread() or is_listening():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass
class Display:
    """Shows events: a line with a spinner and the time for each running stage on a terminal, plain lines else."""

    verbose: bool
    progress: "Progress | None"
    tasks: dict[str, "TaskID"] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)

    def notify(self, message: str) -> None:
        """Say what takes long and is not a stage, such as an installation."""
        error_console().print(f"[dim]{message}[/dim]", highlight=False)

    def observe(self, event: "Event") -> None:
        """Show that a stage has started or ended."""
        from edgekit.errors import EdgekitError

        key, about = event.stage.key, event.stage.about
        if event.kind == "started":
            self.started.add(key)
            if self.progress is not None:
                self.tasks[key] = self.progress.add_task(about, total=None)
            return
        task = self.tasks.pop(key, None)
        if self.progress is not None and task is not None:
            self.progress.remove_task(task)
        outcome = event.outcome
        if isinstance(outcome, EdgekitError):
            # One that waited for another's output never ran, and its error is the other's.
            if key in self.started:
                error_console().print(f"[red]✗[/red] {about}", highlight=False)
        elif outcome is not None and not outcome.cached:
            error_console().print(f"[green]✓[/green] {about} [dim]{outcome.wall_seconds:.1f} s[/dim]", highlight=False)
            if self.verbose:
                error_console().print(
                    (outcome.folder / "worker.log").read_text(errors="replace"),
                    markup=False,
                    highlight=False,
                    style="dim",
                )


@contextmanager
def shown_progress(verbose: bool) -> Iterator[Display]:
    """A display for the length of the block."""
    console = error_console()
    if not console.is_terminal:
        yield Display(verbose, None)
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield Display(verbose, progress)
