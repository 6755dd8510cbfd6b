"""The table that `edgekit bench` prints, and the lines below it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from edgekit.inputs.size import Size
from edgekit.report.conditions import busy_words, is_busy
from edgekit.report.sizes import readable_size
from edgekit.report.styled import styled
from edgekit.report.verdicts import milliseconds

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from edgekit.bench.row import Report, Row

BUSY = "*"
STYLES = {"failed": "red", "not run": "yellow"}


def bench_table(rows: list["Row"]) -> "Table":
    """A row for each variant and batch of one model; published times are in columns that say what they are."""
    from rich import box
    from rich.table import Table

    first = rows[0]
    sizes = [Size.of(row.input_size) for row in rows if row.input_size]
    title = " · ".join([first.model, *([f"{sizes[0]} px"] if sizes else []), first.precision.upper()])
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title=styled(title),
        title_justify="left",
        title_style="bold",
    )
    table.add_column("\n\ntarget", no_wrap=True)
    published = [row.published for row in rows]
    for heading in ("\n\nbatch", "\nms\np50", "\n\np95", "\n\nmin", "\npeak\nmemory", "\n\nfiles"):
        table.add_column(heading, justify="right", no_wrap=True)
    # Narrow, so that all fits into 80 columns; the line below the table says it in full.
    columns = (
        ("other\nV100\nfp32", [one.v100_fp32 for one in published]),
        ("hard-\nT4\nfp32", [one.t4_fp32 for one in published]),
        ("ware\nT4\nfp16", [one.t4_fp16 for one in published]),
    )
    shown = [(heading, values) for heading, values in columns if any(value is not None for value in values)]
    for heading, _ in shown:
        table.add_column(heading, justify="right", no_wrap=True, style="dim")
    for index, row in enumerate(rows):
        figures = ["–" if values[index] is None else f"{values[index]:.2f}" for _, values in shown]
        table.add_row(f"{row.target} {row.variant}".strip(), str(row.batch), *cells(row), *figures)
    return table


def cells(row: "Row") -> list["Text | str"]:
    """What was measured, or in the place of its latency that it was not."""
    size = "–" if row.file_bytes is None else readable_size(row.file_bytes)
    if row.latency is None:
        return [styled((row.status, STYLES[row.status])), "", "", "", size]
    times = [milliseconds(row.latency[name]) for name in ("p50_ms", "p95_ms", "min_ms")]
    if is_busy(row.latency):
        times[0] = f"{times[0]}{BUSY}"
    memory = "–" if row.peak_memory_bytes is None else readable_size(row.peak_memory_bytes)
    return [*times, memory, size]


def bench_notes(report: "Report") -> Iterator[str]:
    """Why what did not run did not, and what the figures are; plain text."""
    for row in report.rows:
        if row.reason:
            yield f"{row.model} {row.target} {row.variant} batch {row.batch} {row.status}: {row.reason}".replace(
                "  ", " "
            )
    measured = [row.latency for row in report.rows if row.latency is not None]
    busy = [latency for latency in measured if is_busy(latency)]
    quiet = [latency for latency in measured if not is_busy(latency)]
    yield (
        f"Latency of one call with the whole batch, from host memory to host memory, {report.threads} threads on "
        f"{report.machine}; edgekit ran nothing beside it{conditions(quiet)}."
    )
    if busy:
        yield (
            f"{BUSY} Beside other work, and slower for it: {busy_words(busy)}. Measure again on a machine that does "
            "nothing else."
        )
    if any(row.published.known for row in report.rows):
        yield f"The last columns are {report.published_are}."


def conditions(latencies: Sequence[Mapping[str, float]]) -> str:
    """What is known of the machine beside latencies that nothing disturbed, to follow a sentence."""
    words = busy_words(latencies)
    return f" ({words})" if words else ""
