"""The border to the terminal: a stranger's words come out as words, on one line."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Table
from rich.text import Text

from edgekit.cli.console import plain_console, print_json, print_log, warn
from edgekit.report.styled import styled

HOSTILE = "a\x1b[2J\x1b]0;title\x07\u202eb\x9bc[/red][bold]:smile:\nedgekit: passed\r\x00\ud800"
SHOWN = "a?[2J?]0;title??b?c[/red][bold]:smile: edgekit: passed ??"


@pytest.fixture
def shown() -> tuple[io.StringIO, Console]:
    stream = io.StringIO()
    return stream, plain_console(file=stream, width=200, force_terminal=False)


def test_a_text_is_one_line_and_no_markup(shown) -> None:
    stream, console = shown
    console.print(HOSTILE)
    console.print(styled(("x: ", "bold red"), HOSTILE), soft_wrap=True)
    assert stream.getvalue() == f"{SHOWN}\nx: {SHOWN}\n"


def test_what_rich_itself_builds_holds_no_control_characters(shown) -> None:
    """Texts and cells that nobody made harmless: they may have lines, and nothing else."""
    stream, console = shown
    table = Table(title=HOSTILE, caption=Text(HOSTILE))
    table.add_column(HOSTILE)
    table.add_row(HOSTILE)
    table.add_row(Text(HOSTILE))
    console.print(table)
    console.print(Text(HOSTILE))
    text = stream.getvalue()
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "[/red][bold]:smile:" in text


def test_a_bar_of_progress_shows_a_stranger_s_words() -> None:
    stream = io.StringIO()
    console = plain_console(file=stream, width=200, force_terminal=True, color_system=None)
    with Progress(TextColumn("{task.description}", markup=False), console=console) as bars:
        bars.add_task(HOSTILE)
    text = stream.getvalue()
    assert "[/red][bold]" in text
    for harmful in ("\x1b[2J", "\x1b]0", "\x07", "\u202e", "\x9b", "\x00"):
        assert harmful not in text


def test_styles_are_still_there() -> None:
    stream = io.StringIO()
    console = plain_console(file=stream, width=80, force_terminal=True, color_system="standard")
    console.print(styled(("failed", "bold red"), f": {HOSTILE[:9]}"))
    assert stream.getvalue() == "\x1b[1;31mfailed\x1b[0m: a?[2J?]0;\n"


def test_every_line_of_a_log_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    print_log("first\nedgekit: passed\n\x1b[1A[/red]\n")
    assert capsys.readouterr().err == "│ first\n│ edgekit: passed\n│ ?[1A[/red]\n"


def test_a_warning_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    warn("names\nedgekit: passed [/yellow]\x1b[m")
    assert capsys.readouterr().err == "⚠ names edgekit: passed [/yellow]?[m\n"


def test_json_is_escaped_and_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": HOSTILE, "path": Path("花")})
    text = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in text)
    assert json.loads(text) == {"name": HOSTILE.replace("\ud800", "\ufffd"), "path": "花"}
