"""How the files of edgekit import each other: never in a circle, and never a room that lies above."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from conftest import ROOT

ABOVE = {
    "parity": ("artifact", "pipeline", "toolchain", "report", "matrix", "verification", "cli"),
    "ledger": ("artifact", "pipeline", "toolchain", "report", "matrix", "verification", "cli"),
    "quantities": ("artifact", "pipeline", "toolchain", "report", "matrix", "bench", "verification", "cli"),
    "pipeline": ("artifact", "conversion", "verification", "report", "matrix", "bench", "cli"),
    "artifact": ("conversion", "verification", "report", "matrix", "bench", "cli"),
    "conversion": ("verification", "report", "matrix", "bench", "cli"),
    "verification": ("report", "matrix", "bench", "cli"),
    "native": ("report", "matrix", "bench", "cli"),
    "matrix": ("report", "cli"),
    "bench": ("cli",),
    "report": ("cli",),
}
"""A room -> those that it must not know, not even in the middle of a function or for a type."""

# The group of commands imports them, and each of them the group's ways of printing.
APPLICATION = "edgekit.cli.app"


def imported(path: Path, known: set[str]) -> Iterator[str]:
    """The modules of edgekit that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                full = f"{node.module}.{one.name}"
                if full in known or node.module in known:
                    yield full if full in known else node.module


@pytest.fixture(scope="module")
def modules() -> dict[str, set[str]]:
    """Each module of edgekit -> those that it imports."""
    files = {}
    for path in (ROOT / "edgekit").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        files[".".join(parts).removesuffix(".__init__")] = path
    return {name: set(imported(path, set(files))) - {name} for name, path in files.items()}


def test_no_files_import_each_other_in_a_circle(modules: dict[str, set[str]]) -> None:
    assert len(modules) > 250
    try:
        TopologicalSorter({name: found for name, found in modules.items() if name != APPLICATION}).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("room", ABOVE)
def test_a_room_knows_none_above_it(modules: dict[str, set[str]], room: str) -> None:
    inside = {name: found for name, found in modules.items() if name.startswith(f"edgekit.{room}.")}
    assert inside
    upwards = [
        f"{name} imports {one}"
        for name, found in inside.items()
        for one in sorted(found)
        if any(one.startswith(f"edgekit.{above}.") for above in ABOVE[room])
    ]
    assert not upwards


def test_nothing_but_the_command_knows_the_command_line(modules: dict[str, set[str]]) -> None:
    entries = {"edgekit.__main__"}
    outside = {name: found for name, found in modules.items() if not name.startswith("edgekit.cli")}
    knowing = {name for name, found in outside.items() if any(one.startswith("edgekit.cli") for one in found)}
    assert knowing == entries
