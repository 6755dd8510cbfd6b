"""`matrix.html`: the matrix as a page that opens from disk, without a network or a script."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgekit.inputs.size import Size
from edgekit.matrix.cell import Cell
from edgekit.matrix.report import MatrixReport, counted
from edgekit.report.matrix_columns import Column, columns
from edgekit.report.matrix_text import (
    MARKS,
    SAMPLES_NOTE,
    account_text,
    devices_text,
    error_text,
    inspected_text,
    machine_text,
    milliseconds,
    noise_text,
    parts_text,
    processor_text,
    reference_milliseconds,
    size_text,
    tools_text,
    why,
)
from edgekit.report.page import filled_page

TEMPLATE = "matrix.html"
# What a column says of several machines: a green one stands for all of them.
WORSE = ("passed", "not run", "expected failure", "unexpected pass", "failed")


@dataclass(frozen=True)
class CellView:
    """A cell as the template shows it; `processor` where it is an emulated one's."""

    style: str
    mark: str
    outcome: str
    error: str
    size: str
    latency: str
    account: str
    note: str
    reason: str
    processor: str


@dataclass(frozen=True)
class ColumnView:
    """A column's cells of one model, and the style of the worst of them."""

    title: str
    style: str
    cells: list[CellView]


@dataclass(frozen=True)
class RowView:
    """A model as the template shows it; `family` only where it differs from the row above."""

    model: str
    family: str
    about: str
    noise: str
    latency: str
    columns: list[ColumnView]


def matrix_page(report: MatrixReport) -> str:
    """The page. Everything that is filled in is escaped: a tool's log may hold anything."""
    shown = columns(report)
    return filled_page(
        TEMPLATE,
        report=report,
        columns=shown,
        rows=list(rows(report, shown)),
        devices=devices_text(report),
        parts=parts_text(report),
        counts=[(style(outcome), text) for outcome, text in counted(report)],
        machine=machine_text(report),
        tools=tools_text(report),
        note=SAMPLES_NOTE,
        sentences=[(cell, style(cell.outcome), why(cell), processor_text(cell)) for cell in report.noted],
    )


def rows(report: MatrixReport, shown: list[Column]) -> Iterator[RowView]:
    """Every model in order."""
    last = ""
    for model in report.models:
        cells = report.row(model)
        first = cells[0]
        parameters = "" if first.parameters is None else f"{first.parameters / 1e6:.1f} M"
        about = " · ".join(part for part in (parameters, f"{Size.of(first.input_size)} px") if part)
        yield RowView(
            model,
            first.family if first.family != last else "",
            about,
            noise_text(cells),
            reference_milliseconds(cells),
            [column_view(column, column.cells(cells), first) for column in shown],
        )
        last = first.family


def column_view(column: Column, cells: list[Cell], first: Cell) -> ColumnView:
    """The cells of one column; `first` is the model's first one, whose input size its row names."""
    worst = max((cell.outcome for cell in cells), key=WORSE.index, default="not run")
    return ColumnView(column.title, style(worst), [cell_view(cell, first) for cell in cells])


def cell_view(cell: Cell, first: Cell) -> CellView:
    """One cell."""
    return CellView(
        style=style(cell.outcome),
        mark=MARKS[cell.outcome],
        outcome=cell.outcome,
        error=error_text(cell),
        size=size_text(cell),
        latency=milliseconds(cell.p50_ms),
        account=account_text(cell),
        note=" · ".join(part for part in (inspected_text(cell), input_text(cell, first)) if part),
        reason=why(cell) if cell.reason or cell.expected else "",
        processor=processor_text(cell),
    )


def input_text(cell: Cell, first: Cell) -> str:
    """The input size of a cell, where it is not that of its row."""
    return "" if cell.input_size == first.input_size else f"{Size.of(cell.input_size)} px"


def style(outcome: str) -> str:
    """The CSS class of an outcome."""
    return outcome.replace(" ", "-")
