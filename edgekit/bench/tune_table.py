"""The table that `edgekit bench --tune` prints, and the lines below it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgekit.report.titled_table import titled_table
from edgekit.report.verdicts import milliseconds

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.bench.tune import TuneReport, TuneRow


def tune_table(rows: list["TuneRow"]) -> "Table":
    """A row for each choice of settings of one model."""
    table = titled_table(rows[0].model)
    table.add_column("target", no_wrap=True)
    table.add_column("settings")
    for heading in ("ms", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in rows:
        told = ", ".join(f"{name} = {str(value).lower()}" for name, value in row.settings.items()) or "as usual"
        if row.ratio is None or row.p50_ms is None:
            figures, verdict = ["", ""], row.status
        else:
            figures, verdict = [milliseconds(row.p50_ms), row.ratio.words], "kept" if row.kept else row.ratio.verdict
        table.add_row(f"{row.target} {row.variant}".strip(), told, *figures, verdict)
    return table


def tune_notes(report: "TuneReport") -> Iterator[str]:
    """What did not run or was not kept, and what the figures are; plain text."""
    for row in report.rows:
        if row.reason:
            yield f"{row.model} {row.target}: {row.reason}"
    yield (
        f"Calls in turn in one process, at most {report.threads} threads on {report.machine}; the ratio is to the "
        "usual settings, with the interval that holds it with 95 %. What is kept was verified again, and stands in the "
        "manifest."
    )
