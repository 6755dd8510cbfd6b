"""The progress of a matrix: a bar and what runs on a terminal, a line for each finished cell else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgekit.cli.console import error_console
from edgekit.cli.session import interruptible, keep_small
from edgekit.report.styled import styled
from edgekit.untrusted.wording import harmless

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from edgekit.matrix.cell import Cell
    from edgekit.matrix.run import Progress
    from edgekit.pipeline.execute import Executor
    from edgekit.pipeline.outcome import Event


@dataclass
class MatrixDisplay:
    """Shows cells and the stages that run; `bars` only on a terminal."""

    bars: "Bars | None"
    whole: "TaskID | None" = None
    progress: "Progress | None" = None
    stages: dict[str, "TaskID"] = field(default_factory=dict)

    def notify(self, message: str) -> None:
        """Say what takes long and is not a stage."""
        error_console().print(message, style="dim", soft_wrap=True)

    def watch(self, progress: "Progress", cell: "Cell | None") -> None:
        """Show how far the run is, and the cell that has just been made."""
        self.progress = progress
        if cell is None:
            self.begin(progress)
            return
        from edgekit.report.matrix_table import STYLES
        from edgekit.report.matrix_text import cell_name

        line = styled(
            f"[{progress.finished:>3}/{progress.total}] {cell_name(cell)} ",
            (cell.outcome, STYLES[cell.outcome]),
            (figures(cell), "dim"),
        )
        if self.bars is None and progress.finished < progress.total:
            line.append(f", {self.left()} left", style="dim")
        error_console().print(line, soft_wrap=True)
        self.refresh()

    def begin(self, progress: "Progress") -> None:
        """Say what there is to do."""
        if progress.kept:
            error_console().print(f"{progress.kept} of {progress.total} cells are done already", highlight=False)
        if self.bars is not None:
            self.whole = self.bars.add_task("cells", total=progress.total, completed=progress.finished)

    def observe(self, event: "Event") -> None:
        """Show the stages that run; the time left changes with each that ends."""
        if self.bars is None:
            return
        key = event.stage.key
        if event.kind == "started":
            self.stages[key] = self.bars.add_task(harmless(event.stage.about), total=None)
        elif (task := self.stages.pop(key, None)) is not None:
            self.bars.remove_task(task)
        self.refresh()

    def refresh(self) -> None:
        """Bring the bar up to date."""
        if self.bars is not None and self.whole is not None and self.progress is not None:
            done = f"cells {self.progress.finished}/{self.progress.total}, {self.left()} left"
            self.bars.update(self.whole, completed=self.progress.finished, description=done)

    def left(self) -> str:
        """The time left, in words."""
        from edgekit.quantities.durations import readable_duration

        seconds = self.progress.estimate.seconds_left() if self.progress else None
        return "unknown time" if seconds is None else f"about {readable_duration(seconds)}"


def figures(cell: "Cell") -> str:
    """What is worth a look at once: error and latency, else where it failed and why."""
    from edgekit.report.matrix_text import error_text, milliseconds, why

    if cell.outcome == "passed":
        return "".join(f", {part}" for part in (error_text(cell), milliseconds(cell.p50_ms)) if part)
    return f": {why(cell)}"


@contextmanager
def matrix_session(
    *, offline: bool, jobs: int | None, memory_share: float
) -> Iterator[tuple["Executor", MatrixDisplay]]:
    """An executor within this machine's cores and the memory that is free now, and the display of its progress."""
    import psutil

    from edgekit.cache import cache_folder
    from edgekit.cache.session import in_use
    from edgekit.pipeline.execute import Executor
    from edgekit.pipeline.store import StageStore
    from edgekit.toolchain.cores import usable_cores
    from edgekit.toolchain.worker import Toolchain

    cache = cache_folder()
    with interruptible(), matrix_display() as display:
        store = StageStore(cache / "stages", notify=display.notify)
        with in_use(cache):
            yield (
                Executor(
                    store,
                    Toolchain(cache, notify=display.notify, offline=offline),
                    cores=jobs or usable_cores(),
                    memory_bytes=int(psutil.virtual_memory().available * memory_share),
                    observe=display.observe,
                ),
                display,
            )
        keep_small(store)


@contextmanager
def matrix_display() -> Iterator[MatrixDisplay]:
    """A display for the length of the block."""
    console = error_console()
    if not console.is_terminal:
        yield MatrixDisplay(None)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        yield MatrixDisplay(bars)
