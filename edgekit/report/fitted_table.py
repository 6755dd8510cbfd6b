"""Tables that leave columns out where there is no room for them: what a cell says is never cut, and never folded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from edgekit.report.titled_table import titled_table

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

EDGES, GAP = 2, 2
"""Columns of a terminal that a `titled_table` takes itself: at both ends together, and between two columns."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column with all its cells. Those of the largest `spare` are left out first, those of 0 never."""

    heading: str
    cells: "Sequence[str | Text]"
    justify: Literal["left", "center", "right"] = "left"
    spare: int = 0

    @property
    def title(self) -> str:
        """The heading on one line."""
        return " ".join(self.heading.split())

    @cached_property
    def width(self) -> int:
        """Columns of a terminal that its widest line takes."""
        from rich.cells import cell_len

        lines = (line for text in (self.heading, *map(str, self.cells)) for line in text.split("\n"))
        return max(map(cell_len, lines))


def needed(columns: Sequence[Column]) -> int:
    """Columns of a terminal that a table with those columns takes."""
    return EDGES + sum(column.width + GAP for column in columns) - GAP


def parts(name: Column, others: Sequence[Column], width: int | None) -> list[list[Column]]:
    """The columns of as many tables as it takes for each to fit into `width`; every one begins with `name`.

    One has a column beside it at least, though it may be wider. None is a width without a bound.
    """
    found = [[name]]
    for column in others:
        if width is not None and len(found[-1]) > 1 and needed([*found[-1], column]) > width:
            found.append([name])
        found[-1].append(column)
    return found


def fitting(columns: Sequence[Column], width: int | None) -> tuple[list[Column], list[Column]]:
    """The columns that `width` columns of a terminal hold, and those left out for it; all of them where it is None.

    What is never left out is kept, though it may be wider.
    """
    kept, left_out = list(columns), []
    while width is not None and needed(kept) > width:
        least = max(kept, key=lambda column: column.spare)
        if not least.spare:
            break
        kept.remove(least)
        left_out.append(least)
    return kept, [column for column in columns if column in left_out]


def table_of(columns: Sequence[Column], title: str = "") -> "Table":
    """The table with those columns, no cell of which breaks."""
    table = titled_table(title)
    for column in columns:
        table.add_column(column.heading, justify=column.justify, no_wrap=True)
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*cells)
    return table
