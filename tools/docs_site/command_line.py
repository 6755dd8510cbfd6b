"""The page of the command line, from the application itself: every command with its arguments and options."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from edgekit.cli.app import app
from edgekit.cli.usual_command import USUAL

HEAD = """# The command line

Made from edgekit {version} itself: `edgekit COMMAND -h` says the same. What an exit status means stands in
[the README](../../README.md#use).
"""


def command_line_page(version: str) -> str:
    """All commands, in the order of the help."""
    root: Any = typer.main.get_command(app)
    return "\n".join([HEAD.format(version=version), *sections(root, "edgekit")])


def sections(group: Any, path: str) -> Iterator[str]:
    """A section for each command below a group."""
    for name, command in group.commands.items():
        called = f"{path} {name}"
        inner = getattr(command, "commands", None)
        usual = (inner or {}).get(USUAL)
        if inner is None or usual is not None:
            yield section(called, usual or command)
        if inner is not None:
            yield from sections(Without(command, USUAL), called)


class Without:
    """A group without one of its commands."""

    def __init__(self, group: Any, name: str) -> None:
        self.commands = {key: value for key, value in group.commands.items() if key != name}


def section(called: str, command: Any) -> str:
    """One command: what it does, how it is called, and a table of what it takes."""
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not getattr(one, "hidden", False)]
    usage = " ".join([called, *(["[OPTIONS]"] if options else []), *(one.metavar or one.name for one in arguments)])
    rows = [f"| `{one.metavar or one.name}` | {cell(one.help)} | |" for one in arguments]
    rows += [f"| {names(one)} | {cell(one.help)} | {default(one)} |" for one in options]
    text = re.sub(r"\n(?!\n)", " ", (command.help or "").strip()).replace("  ", " ")
    table = ["| | | default |", "|---|---|---|", *rows] if rows else []
    return "\n".join([f"## {called}\n", text, f"\n```text\n{usage}\n```\n", *table, ""])


def names(option: Any) -> str:
    """All spellings of an option, and what it takes."""
    spelled = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    takes = "" if option.is_flag else f" `{option.metavar or option.name.upper()}`"
    return spelled + takes


def default(option: Any) -> str:
    """What an option is where it is not given; nothing where that is nothing."""
    value = option.default
    if value is None or value is False or callable(value):
        return ""
    if value is True:
        return f"`{option.opts[0]}`"
    return f"`{cell(getattr(value, 'value', value))}`"


def cell(text: object) -> str:
    """A text in a table; between backquotes a line is none of the table's."""
    return str(text or "").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
