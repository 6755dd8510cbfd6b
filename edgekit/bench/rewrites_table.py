"""The table that `edgekit bench --rewrites` prints, and the lines below it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgekit.quantities.conditions import BUSY_CORES
from edgekit.report.styled import styled
from edgekit.report.titled_table import titled_table
from edgekit.report.verdicts import milliseconds

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.bench.rewrites import RewriteReport, RewriteRow

STYLES = {"faster": "green", "slower": "red", "failed": "red", "not run": "yellow"}


def rewrites_table(rows: list["RewriteRow"]) -> "Table":
    """A row for each set of rewrites of one model."""
    table = titled_table(rows[0].model)
    table.add_column("\ntarget", overflow="fold")
    table.add_column("\nrewrites", overflow="fold")
    for heading in ("\nplaces", "ms as\nwritten", "\nratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("\n", no_wrap=True)
    for row in rows:
        figures = ["", ""]
        if row.ratio and row.plain_p50_ms is not None:
            figures = [milliseconds(row.plain_p50_ms), row.ratio.words]
        verdict = styled((row.verdict, STYLES[row.verdict])) if row.verdict in STYLES else row.verdict
        where = "\n".join(filter(None, (f"{row.target} {row.variant}".strip(), row.machine)))
        table.add_row(where, row.title, str(row.places or ""), *figures, verdict)
    return table


def rewrites_notes(report: "RewriteReport") -> Iterator[str]:
    """What did not run, and what the figures are; plain text."""
    for row in report.rows:
        if row.reason:
            where = " ".join(filter(None, (row.model, row.target, row.variant, row.machine)))
            yield f"{where} {row.status}: {row.reason}"
    measured = [row for row in report.rows if row.ratio]
    if not measured:
        yield "No rewrite for speed changes anything here."
        return
    here = [row for row in measured if row.machine is None]
    threads = f"{report.threads} thread{'s' if report.threads > 1 else ''}"
    rounds = "The ratio is the median over the rounds, with the interval that holds it with 95 %"
    if here:
        yield (
            f"Medians of calls made in turn in one process, {threads} on {report.machine}. {rounds}; it "
            "bears other work on the machine better than the milliseconds do."
        )
        busy = max(row.busy_cores or 0.0 for row in here)
        if busy > BUSY_CORES:
            yield f"Other programs kept up to {busy:.1f} cores busy meanwhile."
        largest = max(row.difference or 0.0 for row in here)
        yield f"The outputs differ by at most {largest:.1e} of the largest one; `edgekit convert --verify` judges that."
    for machine in dict.fromkeys(row.machine for row in measured if row.machine is not None):
        yield (
            f"On {machine} each version ran once in a round, in a process of its own with {threads}, "
            f"and its results were judged. {rounds}."
        )
