"""A progress bar for downloads, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edgekit.cli.console import error_console


@contextmanager
def shown_download(what: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """What a download tells its bytes and total to, shown as a bar once it begins; None off a terminal."""
    console = error_console()
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn(what, markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, transient=True)

    def advance(done: int, total: int | None) -> None:
        if not bar.live.is_started:
            bar.start()
            bar.add_task(what)
        bar.update(bar.task_ids[0], completed=done, total=total)

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()
