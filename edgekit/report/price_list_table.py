"""The table of `edgekit bench --all`, and the lines below it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgekit.bench.everything.priced import NOT_WORTH, YARDSTICK, Priced, PriceList, Times
from edgekit.evaluate.figures import Share
from edgekit.quantities.conditions import BUSY_CORES
from edgekit.quantities.sizes import readable_size
from edgekit.report.styled import styled
from edgekit.report.titled_table import titled_table
from edgekit.report.verdicts import milliseconds

if TYPE_CHECKING:
    from rich.table import Table

STYLES = {"passed": "green", NOT_WORTH: "yellow", "failed": "red", "not run": "yellow"}


def price_list_table(report: PriceList) -> "Table":
    """A row of two lines for each artifact: with 1 thread above, with 2 threads below."""
    table = titled_table(f"{report.model} · all precisions")
    table.add_column("\nartifact", no_wrap=True)
    for heading in ("size\nmemory", "p50 / p95\nms", "of ONNX\nFP32"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("agrees\n%", justify="right", no_wrap=True)
    labelled = any(row.top1 for row in report.rows)
    if labelled:
        table.add_column("drop\npoints", justify="right", no_wrap=True)
    table.add_column("\nverdict", no_wrap=True)
    for row in report.rows:
        table.add_row(*figures(row, labelled), styled((row.status.removeprefix("passed, "), STYLES[row.status])))
    return table


def figures(row: Priced, labelled: bool) -> list[str]:
    """The cells of an artifact, without its verdict."""
    sizes = ["–" if size is None else readable_size(size) for size in (row.file_bytes, row.peak_memory_bytes)]
    drop = row.drop
    start = "" if row.startup_ms is None else f"\nstart {row.startup_ms:.0f} ms"
    return [
        row.name + start,
        "\n".join(sizes),
        f"{shown(row.with_threads(1))}\n{shown(row.with_threads(2))}",
        f"{ratio(row, 1)}\n{ratio(row, 2)}",
        f"{agreement(row.agreement)}" if row.agreement else "–",
        *([f"{drop.points:+.1f}\n{drop.low:+.1f}, {drop.high:+.1f}" if drop else "–"] if labelled else []),
    ]


def agreement(share: Share) -> str:
    """`96.3`, and its interval below."""
    return f"{100 * share.share:.1f}\n{100 * share.low:.0f}–{100 * share.high:.0f}"


def ratio(row: Priced, threads: int) -> str:
    """Its time beside the yardstick's, `0.62`; with `~` where the two cannot be told apart."""
    times = row.with_threads(threads)
    beside = times.beside.get(YARDSTICK) if times else None
    if beside is None:
        return "–"
    if row.name == YARDSTICK:
        return "1"
    return f"{'~' if beside.verdict == 'as fast' else ''}{beside.median:.2f}"


def shown(times: Times | None) -> str:
    """`1.8 / 3.0`."""
    return "–" if times is None else f"{milliseconds(times.p50_ms)} / {milliseconds(times.p95_ms)}"


def price_list_notes(report: PriceList) -> Iterator[str]:
    """Why rows are as they are, what the figures are, and the advice; plain text."""
    for row in report.rows:
        if row.reason:
            yield f"{row.name} {row.status}: {row.reason}"
    for why in dict.fromkeys(report.left_out.values()):
        yield f"left out: {why}"
    rounds = [one.rounds for row in report.rows for one in row.times]
    if rounds:
        yield (
            f"Latency of one call on {report.machine}, all artifacts in turn, {min(rounds)} to {max(rounds)} rounds, "
            "with 1 thread above, with 2 below. Ratios are of the same rounds, ~ where 1 lies in their interval of "
            "95 %. Start: from the file to the first answer."
        )
    if report.busy_cores > BUSY_CORES:
        yield f"Other programs kept {report.busy_cores:.1f} cores busy meanwhile: times are longer, ratios wider."
    if report.photos:
        yield f"Agreement with the reference on {report.photos} photos ({report.data})."
    yield report.advice
