"""The table of steps that a diagnosis prints."""

from typing import TYPE_CHECKING

from edgekit.report.styled import styled
from edgekit.report.titled_table import titled_table

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.diagnose.report import Diagnosis

STYLES = {"ok": "green", "guilty": "bold red", "wrong": "red", "not run": "yellow", "undecided": "yellow"}
MEANING = {"ok": "ok", "guilty": "parts here", "wrong": "follows", "not run": "not run", "undecided": "undecided"}


def step_table(found: "Diagnosis") -> "Table":
    """One row per step, in order."""
    title = f"{found.model} · {found.target} {found.variant}".rstrip()
    table = titled_table(title)
    table.add_column("step")
    table.add_column("made by")
    table.add_column("oracle\nerror", justify="right", no_wrap=True)
    table.add_column("limit", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for step in found.steps:
        table.add_row(
            styled(step.title),
            styled(step.tool),
            "–" if step.error is None else f"{step.error:.1e}",
            "–" if step.limit is None else f"{step.limit:.1e}",
            styled((MEANING[step.status], STYLES[step.status])),
        )
    return table
