"""`matrix.html`: the matrix as a page that opens from disk, without a network or a script."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgekit.inputs.size import Size
from edgekit.matrix.cell import Cell
from edgekit.matrix.report import MatrixReport, counted
from edgekit.report.matrix_text import (
    MARKS,
    SAMPLES_NOTE,
    account_text,
    error_text,
    machine_text,
    milliseconds,
    noise_text,
    not_run_text,
    reference_milliseconds,
    size_text,
    tools_text,
    why,
)

TEMPLATE = "matrix.html"


@dataclass(frozen=True)
class CellView:
    """A cell as the template shows it."""

    target: str
    style: str
    mark: str
    outcome: str
    error: str
    size: str
    latency: str
    account: str
    note: str
    reason: str


@dataclass(frozen=True)
class RowView:
    """A model as the template shows it; `family` only where it differs from the row above."""

    model: str
    family: str
    about: str
    noise: str
    latency: str
    cells: list[CellView]


def matrix_page(report: MatrixReport) -> str:
    """The page. Everything that is filled in is escaped: a tool's log may hold anything."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("edgekit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        report=report,
        rows=list(rows(report)),
        counts=[(style(outcome), text) for outcome, text in counted(report)],
        machine=machine_text(report),
        tools=tools_text(report),
        note=SAMPLES_NOTE,
        sentences=[(cell, style(cell.outcome), why(cell)) for cell in report.noted],
    )


def rows(report: MatrixReport) -> Iterator[RowView]:
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
            [cell_view(cell, target.title) for cell, target in zip(cells, report.targets, strict=True)],
        )
        last = first.family


def cell_view(cell: Cell, title: str) -> CellView:
    """One cell."""
    return CellView(
        target=title,
        style=style(cell.outcome),
        mark=MARKS[cell.outcome],
        outcome=cell.outcome,
        error=error_text(cell),
        size=size_text(cell),
        latency=milliseconds(cell.p50_ms),
        account=account_text(cell),
        note=not_run_text(cell),
        reason=why(cell) if cell.reason or cell.expected else "",
    )


def style(outcome: str) -> str:
    """The CSS class of an outcome."""
    return outcome.replace(" ", "-")
