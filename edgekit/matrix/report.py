"""The report of a matrix: what `matrix.json` holds, and the pages are made from."""

from collections import Counter
from pathlib import Path

from msgspec import Struct

from edgekit.files import full_disk_reported
from edgekit.matrix.cell import BAD, Cell
from edgekit.matrix.machine import Machine
from edgekit.untrusted.json_document import encode_json

SCHEMA = 1


class TargetTitle(Struct, frozen=True):
    """A column: the target's name and what people call it."""

    name: str
    title: str


class MatrixReport(Struct, frozen=True, kw_only=True):
    """All cells, with the command, the machine and the versions that made them.

    `latency` says under what conditions latencies were measured, or that they were not. `seconds` is the wall
    time of the run that wrote the report; cells that were done before it took none of it.
    """

    schema: int = SCHEMA
    edgekit: str
    made: str
    command: str
    seconds: float
    machine: Machine
    weights: str
    precision: str
    latency: str
    targets: tuple[TargetTitle, ...]
    tools: dict[str, str]
    counts: dict[str, int]
    cells: tuple[Cell, ...]

    @property
    def models(self) -> list[str]:
        """The models in their order."""
        return list(dict.fromkeys(cell.model for cell in self.cells))

    def row(self, model: str) -> list[Cell]:
        """The cells of one model, in the order of the targets."""
        by_target = {cell.target: cell for cell in self.cells if cell.model == model}
        return [by_target[target.name] for target in self.targets]

    @property
    def bad(self) -> list[Cell]:
        """The cells that make the run fail."""
        return [cell for cell in self.cells if cell.outcome in BAD]

    @property
    def noted(self) -> list[Cell]:
        """The cells that need a sentence: all but those that passed and those that were not run."""
        return [cell for cell in self.cells if cell.outcome not in ("passed", "not run")]


def count_outcomes(cells: tuple[Cell, ...]) -> dict[str, int]:
    """How many cells there are of each outcome that occurs."""
    return dict(Counter(cell.outcome for cell in cells))


def all_tools(cells: tuple[Cell, ...]) -> dict[str, str]:
    """Every tool's version; two of them, with a comma, where cells were made with different ones."""
    versions: dict[str, set[str]] = {}
    for cell in cells:
        for tool, version in cell.tools.items():
            versions.setdefault(tool, set()).add(version)
    return {tool: ", ".join(sorted(found)) for tool, found in sorted(versions.items())}


def outcome_sentence(report: MatrixReport) -> str:
    """The counts in words: "186 passed, 2 expected failures"."""
    return ", ".join(text for _, text in counted(report))


def counted(report: MatrixReport) -> list[tuple[str, str]]:
    """Each outcome that occurs, with its count in words."""
    plurals = {"expected failure": "expected failures", "unexpected pass": "unexpected passes"}
    return [
        (outcome, f"{count} {plurals.get(outcome, outcome) if count > 1 else outcome}")
        for outcome, count in report.counts.items()
    ]


def write_report(report: MatrixReport, out: Path, page: Path | None = None) -> None:
    """Write `matrix.json` and `matrix.html` into `out`, and the Markdown page where one is asked for.

    Each file is replaced all at once. Raises ConversionError on a full disk.
    """
    from edgekit.report.matrix_html import matrix_page
    from edgekit.report.matrix_markdown import support_page

    encoded = encode_json(report).decode() + "\n"
    files = {out / "matrix.json": encoded, out / "matrix.html": matrix_page(report)}
    if page is not None:
        files[page] = support_page(report)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with full_disk_reported(path.parent):
            partial = path.with_name(f".{path.name}.partial")
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
