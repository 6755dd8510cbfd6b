"""The look of every table of figures: a title in bold above it, no edges, narrow columns."""

from typing import TYPE_CHECKING

from edgekit.report.styled import styled

if TYPE_CHECKING:
    from rich.table import Table


def titled_table(title: str) -> "Table":
    """An empty table with that title, which is no markup."""
    from rich import box
    from rich.table import Table

    return Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title=styled(title),
        title_justify="left",
        title_style="bold",
    )
