"""The table that `edgekit matrix` prints."""

from typing import TYPE_CHECKING

from edgekit.matrix.cell import Cell
from edgekit.matrix.report import MatrixReport
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


WIDE = 105


def matrix_table(report: MatrixReport, width: int, machine: str | None = None) -> "Table":
    """A row per model, a column per target, on this machine or on an emulated one, which the title then names.

    A cell has mark, error and, where `width` columns hold it, latency.
    """
    from rich import box
    from rich.table import Table

    latency = width >= WIDE and machine is None
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title=None if machine is None else f"on {machine.split(':')[-1]}",
        title_justify="left",
        title_style="bold",
    )
    rows = {model: report.on(model, machine) for model in report.models}
    names = dict.fromkeys(cell.target for row in rows.values() for cell in row)
    table.add_column("model", overflow="fold")
    table.add_column("ref.\nerror", justify="right", no_wrap=True)
    for name in names:
        table.add_column(f"{name}\nerror{', ms' if latency else ''}", no_wrap=True)
    for model, row in rows.items():
        if not row:
            continue
        by_target = {cell.target: styled((cell_text(cell, latency=latency), STYLES[cell.outcome])) for cell in row}
        cells = [by_target.get(name, "") for name in names]
        table.add_row(styled(model), styled((noise_text(row) or "–", "dim")), *cells)
    return table


def cell_text(cell: Cell, *, latency: bool) -> str:
    """A cell in 9 characters, in about 15 with its latency."""
    if cell.outcome in ("passed", "unexpected pass"):
        time = milliseconds(cell.p50_ms).removesuffix(" ms") if latency else ""
        return " ".join(part for part in (MARKS[cell.outcome], error_text(cell), time) if part)
    return f"{MARKS[cell.outcome]} {stage_text(cell) or cell.outcome}"
