"""A table as it is printed into a pipe, or on a terminal of 80 columns."""

import io

from rich.console import Console, RenderableType


def rendered(table: RenderableType, width: int = 80) -> str:
    """The text of `table` at `width` columns; no line is longer."""
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False).print(table)
    text = out.getvalue()
    assert max(len(line) for line in text.splitlines()) <= width
    return text
