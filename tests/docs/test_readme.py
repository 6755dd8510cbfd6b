"""The README's commands are run as they stand, and its table is what the demo prints."""

import re
import shlex
from pathlib import Path

import pytest

from conftest import ROOT, Converted, Edgekit

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
COMMANDS = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
EDGEKIT = [command for command in dict.fromkeys(COMMANDS) if command.startswith("uv run edgekit ")]


def test_every_command_is_one_that_is_tested() -> None:
    assert len(EDGEKIT) >= 4
    others = set(COMMANDS) - set(EDGEKIT)
    assert others == {"make demo", "make test"}


@pytest.mark.parametrize("target", ["demo", "test", "check", "benchmark"])
def test_the_makefile_has_the_targets(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.toolchain
def test_the_commands_work_in_order(edgekit: Edgekit, tmp_path: Path) -> None:
    """The edgekit commands, with the output folder in a place of this test's own."""
    for command in EDGEKIT:
        arguments = shlex.split(command)[3:]
        if arguments[0] in ("convert", "verify"):
            arguments += ["--out", str(tmp_path / "artifacts")]
        answer = edgekit(*arguments)
        assert answer.returncode == 0, f"{command}: {answer.stderr}"
        assert answer.stdout


@pytest.mark.toolchain
def test_the_table_is_what_the_demo_prints(edgekit: Edgekit, mixnet: Converted) -> None:
    """Figures vary from machine to machine; rows, columns, files, verdicts and versions do not."""
    shown = re.search(r"```text\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    printed = edgekit("verify", "MixNet_S", "--out", mixnet.out).stdout
    assert skeleton(shown.group(1)) == skeleton(printed)


def skeleton(table: str) -> list[str]:
    """The words of a table without its measured figures, what is said of their measuring, and its spacing."""
    without = re.sub(r"^\* Latencies.*?(?=^\* |^Errors)", "", table, flags=re.DOTALL | re.MULTILINE)
    without = re.sub(r"[\d.]+s?[ *]/ [\d.]+s?|\d\.\de-\d+", "#", without)
    # As wide as the figures are long.
    return re.sub("─+", "─", without).split()


def test_every_link_leads_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if not link.startswith("http"):
                assert (document.parent / link).exists(), f"{document.name}: {link}"
