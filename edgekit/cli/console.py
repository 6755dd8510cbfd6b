"""Where text goes: results to stdout, everything else to stderr.

This is the border to the terminal. Names of models, classes and files, steps of configurations, tools' log lines and
texts of errors may all be a stranger's: whatever is printed here, no escape sequence, no character that turns the
direction of a line, and no line end within a text reaches the terminal, and no text is markup. Styles are data
(`edgekit.report.styled`).
"""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekit.errors import UsageError
from edgekit.untrusted.files import open_regular
from edgekit.untrusted.wording import harmless, harmless_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


LARGEST_LOG = 4 << 20
"""Bytes of a tool's log that are shown: its last ones."""
WIDEST = 10_000
"""Columns of a table at most: more than any has."""


@cache
def error_console() -> "Console":
    """The console for progress, warnings and logs."""
    return plain_console(stderr=True)


@cache
def console() -> "Console":
    """The console for results."""
    return plain_console()


def plain_console(**options: Any) -> "Console":
    """A console of Rich's on which every text is shown as it is, and nothing else than text and styles."""
    from rich.console import Console
    from rich.segment import Segment

    class PlainConsole(Console):
        """Shows a text on one line, and in tables each line of a cell."""

        def print(self, *objects: Any, **how: Any) -> None:
            super().print(*(harmless(one, len(one)) if isinstance(one, str) else one for one in objects), **how)

        def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                if segment.control or segment.text == "\n" or segment.text.isprintable():
                    yield segment
                else:
                    yield Segment("\n".join(map(_line, segment.text.split("\n"))), segment.style)

    return PlainConsole(markup=False, emoji=False, highlight=False, **options)


def _line(text: str) -> str:
    return harmless(text, len(text))


def results_width() -> int | None:
    """Columns of the terminal that results go to, or what COLUMNS says; None in a pipe and a file, which have none."""
    said = os.environ.get("COLUMNS", "")
    if said.isascii() and said.isdigit() and int(said):
        return int(said)
    # Not Rich's `is_terminal`, which is true of a pipe as well where colours are asked for.
    return console().width if console().file.isatty() else None


def print_table(table: "Table") -> None:
    """Print a table in the width that it needs, so that nothing in it is cut: the terminal breaks what it lacks."""
    from rich.measure import Measurement

    needed = Measurement.get(console(), console().options.update(width=WIDEST), table).maximum
    wide = console() if needed <= console().width else plain_console(width=needed)
    wide.print(table, crop=False)


def print_note(note: str, style: str | None = None) -> None:
    """Print a sentence below a table: broken between words alone on a terminal, on one line in a pipe."""
    from textwrap import wrap

    width = results_width()
    lines = [note] if width is None else wrap(note, width, break_long_words=False, break_on_hyphens=False)
    for line in lines:
        console().print(line, style=style, soft_wrap=True)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout; `document` may hold msgspec structs and paths."""
    import sys

    from edgekit.untrusted.json_document import encode_json
    from edgekit.untrusted.wording import escaped_json

    sys.stdout.write(escaped_json(encode_json(document).decode()) + "\n")


def print_log(log: str) -> None:
    """Print a tool's log on stderr, each line marked as one of it: none can pass for a line of edgekit's."""
    for line in harmless_lines(log, "│ ").splitlines():
        error_console().print(line, style="dim", soft_wrap=True)


def print_log_of(path: Path) -> None:
    """Print the end of a tool's log, where there is one."""
    try:
        with open_regular(path) as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - LARGEST_LOG))
            print_log(stream.read(LARGEST_LOG).decode(errors="replace"))
    except UsageError:
        return


def warn(message: str) -> None:
    """Say something loudly that is not an error."""
    error_console().print(f"⚠ {message}", style="yellow")
