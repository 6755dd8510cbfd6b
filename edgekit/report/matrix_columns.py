"""The columns of a published matrix: what ran here, what ran on another instruction set, and what was only inspected.

A target's files for ARM and for x86 are two cells, so that a mark never stands for more than what ran.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from edgekit.artifact.manifest import VariantVerdict
from edgekit.matrix.cell import Cell, status_of
from edgekit.matrix.report import MatrixReport


@dataclass(frozen=True)
class Column:
    """One target on the `machines` of one kind, or (`variants`) those of its variants alone. None is this machine."""

    title: str
    target: str
    machines: tuple[str | None, ...] = (None,)
    variants: frozenset[str] | None = None

    def cells(self, row: Sequence[Cell]) -> list[Cell]:
        """Its cells of a model's row, each with what belongs here alone."""
        found = [cell for cell in row if cell.target == self.target and cell.machine in self.machines]
        return found if self.variants is None else [of_variants(cell, self.variants) for cell in found]


def columns(report: MatrixReport) -> list[Column]:
    """All columns, target by target: this machine's, what is only inspected, then each emulated instruction set."""
    found: list[Column] = []
    for target in report.targets:
        cells = [cell for cell in report.cells if cell.target == target.name]
        inspected = only_inspected(cells)
        if report.here and inspected:
            others = frozenset(one.variant for cell in cells for one in cell.variants) - inspected
            found += [
                Column(f"{target.title} {', '.join(sorted(names))}", target.name, variants=names)
                for names in (others, inspected)
            ]
        elif any(cell.machine is None for cell in cells):
            found.append(Column(target.title, target.name))
        ran = {cell.machine for cell in cells}
        for kind in dict.fromkeys(device.architecture for device in report.devices):
            names = tuple(one.name for one in report.devices if one.architecture == kind and one.name in ran)
            if names:
                found.append(Column(f"{target.title} {kind}", target.name, names))
    return found


def only_inspected(cells: Sequence[Cell]) -> frozenset[str]:
    """The variants of a target that were not run on this machine though others of it were."""
    here = [cell for cell in cells if cell.machine is None and cell.ran is not None]
    ran = {one.variant for cell in here for one in cell.variants if one.verdict.outputs}
    return frozenset(one.variant for cell in here for one in cell.variants if one.inspection is not None) - ran


def of_variants(cell: Cell, names: frozenset[str]) -> Cell:
    """What a cell says of some variants alone. One that failed before it had any says the same of each."""
    chosen: tuple[VariantVerdict, ...] = tuple(one for one in cell.variants if one.variant in names)
    if not cell.variants or len(chosen) == len(cell.variants):
        return cell
    status = status_of(chosen)
    if status == cell.status:
        return replace(cell, variants=chosen)
    reason = "; ".join(one.verdict.reason for one in chosen if one.verdict.reason)
    return replace(cell, variants=chosen, status=status, outcome=status, stage="", reason=reason)
