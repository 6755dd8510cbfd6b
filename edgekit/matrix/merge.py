"""Several runs' reports as one: parts of a matrix from several machines, or of other models, targets and devices."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from edgekit.matrix.cell import Cell
from edgekit.matrix.machine import Machine
from edgekit.matrix.report import SCHEMA, DeviceTitle, MatrixReport, TargetTitle, all_tools, count_outcomes
from edgekit.shards import Shard, missing_shards
from edgekit.untrusted.files import resolved
from edgekit.untrusted.json_document import read_json
from edgekit.untrusted.wording import harmless

FILE = "matrix.json"
LARGEST_BYTES = 64 << 20
# What must be the same in all: else the cells are answers to different questions.
SAME = ("edgekit", "weights", "precision")
SEVERAL = "several machines"
Title = TypeVar("Title", TargetTitle, DeviceTitle)


def merge(paths: Sequence[Path]) -> MatrixReport:
    """The report that others make together; a folder stands for the `matrix.json` in it.

    They may be parts of one command (`--shard`), or of several with other models, targets or devices, each one whole.
    Raises UsageError where they are of different matrices, where two have the same cell, or one cannot be read.
    """
    files = [path / FILE if path.is_dir() else path for path in paths]
    for number, file in enumerate(files):
        if resolved(file) in map(resolved, files[:number]):
            raise UsageError(f"{file} is given twice", "Give each part once.")
    reports = [read_report(file) for file in files]
    first = reports[0]
    where: dict[tuple[str, str, str | None], Path] = {}
    for report, file in zip(reports, files, strict=True):
        for name in SAME:
            if getattr(report, name) != getattr(first, name):
                raise UsageError(
                    f"{file} and {files[0]} are of different matrices: {name} is not the same", "Merge parts of one."
                )
        for cell in report.cells:
            place = (cell.model, cell.target, cell.machine)
            if (other := where.get(place)) is not None:
                have = f"{file} has" if other == file else f"{file} and {other} both have"
                twice = " twice" if other == file else ""
                raise UsageError(f"{have} the cell of {cell.model} on {cell.target}{twice}", "Give each part once.")
            where[place] = file
    commands = tuple(dict.fromkeys(report.command for report in reports))
    for report, file in zip(reports, files, strict=True):
        shards = shards_of([one for one in reports if one.command == report.command])
        if len({parts for _, parts in shards}) > 1:
            raise UsageError(f"`{report.command}` was divided in several ways", "Merge parts of one division.")
        if len(commands) > 1 and missing_shards(shards):
            raise UsageError(
                f"{file} is a part of `{report.command}`, of which another is missing",
                "Merge what other commands made with all parts of this one.",
            )
    cells = ordered(reports)
    machines = {report.machine for report in reports}
    return replace(
        first,
        made=max(report.made for report in reports),
        command="; ".join(commands),
        seconds=round(sum(report.seconds for report in reports), 1),
        machine=first.machine if len(machines) == 1 else together(machines),
        latency="; ".join(dict.fromkeys(report.latency for report in reports)),
        targets=every(report.targets for report in reports),
        devices=every(report.devices for report in reports),
        here=any(report.here for report in reports),
        tools=all_tools(cells),
        counts=count_outcomes(cells),
        cells=cells,
        shards=shards_of(reports) if len(commands) == 1 else (),
    )


def shards_of(reports: Sequence[MatrixReport]) -> tuple[Shard, ...]:
    """The parts that reports of one command have."""
    return tuple(sorted(shard for report in reports for shard in report.shards))


def every(lists: Iterable[Iterable[Title]]) -> tuple[Title, ...]:
    """What occurs in any of them, once, in the order of its first appearance."""
    return tuple(dict.fromkeys(one for some in lists for one in some))


def ordered(reports: Sequence[MatrixReport]) -> tuple[Cell, ...]:
    """All cells: models in the catalog's order, of each target by target, this machine's before those of devices."""
    models = {model.name: number for number, model in enumerate(load_catalog().all_models)}
    targets = {one.name: number for number, one in enumerate(every(report.targets for report in reports))}
    machines = {one.name: number for number, one in enumerate(every(report.devices for report in reports), 1)}

    def place(cell: Cell) -> tuple[int, int, int]:
        # What somebody else has written may name others, which go last.
        last = len(models) + len(targets) + len(machines)
        machine = 0 if cell.machine is None else machines.get(cell.machine, last)
        return models.get(cell.model, last), targets.get(cell.target, last), machine

    return tuple(sorted((cell for report in reports for cell in report.cells), key=place))


def read_report(file: Path) -> MatrixReport:
    """A report that `edgekit matrix` wrote, on whatever machine. Raises UsageError for anything else."""
    report = read_json(file, MatrixReport, LARGEST_BYTES, "report", "Give a folder that edgekit matrix wrote.")
    if report.schema > SCHEMA:
        raise UsageError(f"{file} was written by a newer edgekit", "Update edgekit.")
    for cell in report.cells:
        if not cell.is_sound:
            name = f"{harmless(cell.model)} on {harmless(cell.target)}"
            raise UsageError(
                f"{file} calls {name} {cell.outcome}, and the cell's verdicts do not say so",
                "Give a folder that edgekit matrix wrote.",
            )
    return report


def together(machines: set[Machine]) -> Machine:
    """Several computers in one line: what they have in common, and the others' names side by side."""
    ordered = sorted(machines, key=lambda one: (one.cpu, one.cores, one.memory_bytes))

    def joined(texts: Sequence[str]) -> str:
        return ", ".join(dict.fromkeys(texts))

    return Machine(
        cpu=f"{SEVERAL}: {joined([one.cpu for one in ordered])}",
        cores=min(one.cores for one in ordered),
        memory_bytes=min(one.memory_bytes for one in ordered),
        system=joined([one.system for one in ordered]),
        python=joined([one.python for one in ordered]),
    )
