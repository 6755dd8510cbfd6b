"""Every command of edgekit that a page names has the flags that it names: those that are not run anywhere, too."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from conftest import ROOT
from edgekit.cli.app import app
from edgekit.cli.repeated import refuse_repeated
from edgekit.cli.usual_command import USUAL

PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "android_demo/README.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
NAMED = re.compile(r"`(edgekit [^`]+)`|^ *(?:uv run )?(edgekit .+)$", re.MULTILINE)


def named_commands(page: Path) -> Iterator[list[str]]:
    """The words of every command in a page, lines that go on put together."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for match in NAMED.finditer(text):
        line = re.sub(r"\s#\s.*$", "", " ".join((match[1] or match[2]).split()))
        try:
            yield shlex.split(line)
        except ValueError:  # prose with an apostrophe
            continue


def command_of(words: list[str]) -> Any:
    """The command that the words after `edgekit` call."""
    found: Any = typer.main.get_command(app)
    for word in words:
        inner = getattr(found, "commands", {})
        if word not in inner:
            break
        found = inner[word]
    return getattr(found, "commands", {}).get(USUAL, found)


def unknown_flags(words: list[str]) -> list[str]:
    """The flags of a command line that its command does not have."""
    command = command_of(words[1:])
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"-h", "--help"}
    given = [word.split("=")[0] for word in words[1:] if re.fullmatch(r"--?[a-z][a-z0-9-]*(=.*)?", word)]
    return [flag for flag in given if flag not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda one: str(one.relative_to(ROOT)))
def test_no_flag_is_named_twice(page: Path) -> None:
    for words in named_commands(page):
        refuse_repeated(typer.main.get_command(app), words[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda one: str(one.relative_to(ROOT)))
def test_flags_that_a_page_names_exist(page: Path) -> None:
    wrong = {" ".join(words): flags for words in named_commands(page) if (flags := unknown_flags(words))}
    assert not wrong


def test_a_flag_that_is_none_is_seen(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("Say `edgekit verify M --junit F`, or\n\n    edgekit bench M --quick --fast\n")
    found = [unknown_flags(words) for words in named_commands(tmp_path / "page.md")]
    assert sorted(found) == [[], ["--fast"]]
    assert sum(len(list(named_commands(page))) for page in PAGES) > 150
