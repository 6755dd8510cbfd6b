"""The report of a matrix: what `matrix.json` holds, and the pages are made from."""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct

from edgekit.matrix.cell import BAD, Cell
from edgekit.matrix.machine import Machine
from edgekit.shards import Shard

SCHEMA = 2
"""2: a model has a cell for each machine that a target runs on, `machine` says which."""


class TargetTitle(Struct, frozen=True):
    """A column: the target's name and what people call it."""

    name: str
    title: str


class DeviceTitle(Struct, frozen=True):
    """An emulated machine: its name, its processor and its instruction set as people call them."""

    name: str
    processor: str
    architecture: str


class MatrixReport(Struct, frozen=True, kw_only=True):
    """All cells, with the command, the machine and the versions that made them.

    `latency` says under what conditions latencies were measured, or that they were not. `seconds` is the wall
    time of the run that wrote the report; cells that were done before it took none of it. `devices` are the emulated
    machines, and `here` says whether this one is among those that were asked for. `shards` are the parts of the matrix
    that it has, (i, n) each, where it was made in parts.
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
    devices: tuple[DeviceTitle, ...] = ()
    here: bool = True
    shards: tuple[Shard, ...] = ()

    @property
    def models(self) -> list[str]:
        """The models in their order."""
        return list(dict.fromkeys(cell.model for cell in self.cells))

    def row(self, model: str) -> list[Cell]:
        """The cells of one model: target by target, each on this machine first."""
        return [cell for cell in self.cells if cell.model == model]

    def on(self, model: str, machine: str | None) -> list[Cell]:
        """The cells of one model on one machine, in the order of the targets; None is this one."""
        return [cell for cell in self.row(model) if cell.machine == machine]

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
    """The counts in words: "186 passed, 2 expected failures"; those of each kind of machine where there are several."""
    kinds = ["", *dict.fromkeys(device.architecture for device in report.devices)] if report.devices else []
    said = []
    for kind in kinds if report.here else kinds[1:]:
        names = [device.name if kind else None for device in report.devices if device.architecture == kind] or [None]
        counts = count_outcomes(tuple(cell for cell in report.cells if cell.machine in names))
        words = ", ".join(text for _, text in in_words(counts))
        said.append(f"{words} on {f'emulated {kind}' if kind else 'this machine'}")
    return "; ".join(said) or ", ".join(text for _, text in counted(report))


def counted(report: MatrixReport) -> list[tuple[str, str]]:
    """Each outcome that occurs, with its count in words."""
    return in_words(report.counts)


def in_words(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Each of the outcomes with its count in words."""
    plurals = {"expected failure": "expected failures", "unexpected pass": "unexpected passes"}
    return [
        (outcome, f"{count} {plurals.get(outcome, outcome) if count > 1 else outcome}")
        for outcome, count in counts.items()
    ]
