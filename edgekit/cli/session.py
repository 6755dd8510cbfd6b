"""What the commands that run stages share: the executor, and how its progress is shown."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgekit.cli.console import error_console, print_log_of
from edgekit.cli.interrupts import is_listening
from edgekit.report.styled import styled
from edgekit.untrusted.wording import harmless

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from edgekit.pipeline.execute import Event, Executor
    from edgekit.pipeline.store import StageStore


@contextmanager
def session(*, offline: bool, verbose: bool) -> Iterator["Executor"]:
    """An executor on this machine's cache, its progress shown on stderr while the block runs.

    A polite request to end (SIGTERM) is treated as Ctrl-C: workers are stopped and nothing half-made stays.
    """
    from edgekit.cache import cache_folder
    from edgekit.cache.session import in_use
    from edgekit.pipeline.execute import Executor
    from edgekit.pipeline.store import StageStore
    from edgekit.toolchain.worker import Toolchain

    cache = cache_folder()
    with interruptible(), shown_progress(verbose) as display:
        store = StageStore(cache / "stages", notify=display.notify)
        with in_use(cache):
            yield Executor(store, Toolchain(cache, notify=display.notify, offline=offline), observe=display.observe)
        keep_small(store)


def keep_small(store: "StageStore") -> None:
    """Evict what was used least recently where the cache has grown in this run, and beyond its bound; says so."""
    if not store.made:
        return
    from edgekit.cache.evict import keep_within_bound
    from edgekit.quantities.sizes import readable_size

    gone = keep_within_bound(store.cache)
    if gone.removed:
        store.notify(
            f"the cache has outgrown its bound: what was used least recently is removed ({readable_size(gone.freed)}); "
            "`edgekit cache show` tells more"
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
        error_console().print(message, style="dim", soft_wrap=True)

    def observe(self, event: "Event") -> None:
        """Show that a stage has started or ended."""
        from edgekit.errors import EdgekitError

        key, about = event.stage.key, event.stage.about
        if event.kind == "started":
            self.started.add(key)
            if self.progress is not None:
                self.tasks[key] = self.progress.add_task(harmless(about), total=None)
            return
        task = self.tasks.pop(key, None)
        if self.progress is not None and task is not None:
            self.progress.remove_task(task)
        outcome = event.outcome
        if isinstance(outcome, EdgekitError):
            # One that waited for another's output never ran, and its error is the other's.
            if key in self.started:
                error_console().print(styled(("✗", "red"), f" {about}"))
        elif outcome is not None and not outcome.cached:
            error_console().print(styled(("✓", "green"), f" {about} ", (f"{outcome.wall_seconds:.1f} s", "dim")))
            if self.verbose:
                print_log_of(outcome.folder / "worker.log")


@contextmanager
def shown_progress(verbose: bool) -> Iterator[Display]:
    """A display for the length of the block."""
    console = error_console()
    if not console.is_terminal:
        yield Display(verbose, None)
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield Display(verbose, progress)
