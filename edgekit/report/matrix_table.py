"""The table that `edgekit matrix` prints."""

from typing import TYPE_CHECKING

from edgekit.matrix.cell import Cell
from edgekit.matrix.report import MatrixReport
from edgekit.report.fitted_table import Column, parts, table_of
from edgekit.report.matrix_text import MARKS, error_text, milliseconds, noise_text, stage_text
from edgekit.report.styled import styled

if TYPE_CHECKING:
    from rich.table import Table

STYLES = {
    "passed": "green",
    "failed": "bold red",
    "not run": "yellow",
    "expected failure": "yellow",
    "unexpected pass": "bold red",
}


def matrix_tables(report: MatrixReport, width: int | None, machine: str | None = None) -> "list[Table]":
    """A row per model, a column per target, on this machine or on an emulated one, which the title then names.

    Where `width` columns of a terminal do not hold all targets, the further ones have tables of their own. A cell has
    mark and error, and latency where one table still holds all of it. None is a width without a bound.
    """
    latency = machine is None
    found = parts(*_columns(report, machine, latency=latency), width)
    if latency and len(found) > 1:
        found = parts(*_columns(report, machine, latency=False), width)
    title = "" if machine is None else f"on {machine.split(':')[-1]}"
    return [table_of(columns, title) for columns in found]


def _columns(report: MatrixReport, machine: str | None, *, latency: bool) -> tuple[Column, list[Column]]:
    """The models' names, and what stands beside them."""
    rows = {model: row for model in report.models if (row := report.on(model, machine))}
    names = dict.fromkeys(cell.target for row in rows.values() for cell in row)
    noise = [styled((noise_text(row) or "–", "dim")) for row in rows.values()]
    columns = [Column("ref.\nerror", noise, "right")]
    for name in names:
        found = [next((cell for cell in row if cell.target == name), None) for row in rows.values()]
        cells = [styled((cell_text(cell, latency=latency), STYLES[cell.outcome])) if cell else "" for cell in found]
        columns.append(Column(f"{name}\nerror{', ms' if latency else ''}", cells))
    return Column("model", [styled(model) for model in rows]), columns


def cell_text(cell: Cell, *, latency: bool) -> str:
    """A cell in 9 characters, in about 15 with its latency."""
    if cell.outcome in ("passed", "unexpected pass"):
        time = milliseconds(cell.p50_ms).removesuffix(" ms") if latency else ""
        return " ".join(part for part in (MARKS[cell.outcome], error_text(cell), time) if part)
    return f"{MARKS[cell.outcome]} {stage_text(cell) or cell.outcome}"
