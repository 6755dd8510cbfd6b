"""Several runs' reports as one: parts of a matrix that were made on different machines."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from edgekit.matrix.machine import Machine
from edgekit.matrix.report import SCHEMA, MatrixReport, all_tools, count_outcomes
from edgekit.untrusted.files import resolved
from edgekit.untrusted.json_document import read_json
from edgekit.untrusted.wording import harmless

FILE = "matrix.json"
LARGEST_BYTES = 64 << 20
# What must be the same in all: else the cells are answers to different questions.
SAME = ("edgekit", "command", "weights", "precision", "targets", "devices", "here")
SEVERAL = "several machines"


def merge(paths: Sequence[Path]) -> MatrixReport:
    """The report that others make together; a folder stands for the `matrix.json` in it.

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
    order = {model.name: number for number, model in enumerate(load_catalog().all_models)}
    cells = [cell for report in reports for cell in report.cells]
    cells.sort(key=lambda cell: order.get(cell.model, len(order)))
    machines = {report.machine for report in reports}
    return replace(
        first,
        made=max(report.made for report in reports),
        seconds=round(sum(report.seconds for report in reports), 1),
        machine=first.machine if len(machines) == 1 else together(machines),
        latency="; ".join(dict.fromkeys(report.latency for report in reports)),
        tools=all_tools(tuple(cells)),
        counts=count_outcomes(tuple(cells)),
        cells=tuple(cells),
        shards=tuple(sorted(shard for report in reports for shard in report.shards)),
    )


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
