"""`edgekit doctor`: what is here, and what each missing thing would take."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.cli.common import Json
from edgekit.cli.console import console, print_json

if TYPE_CHECKING:
    from edgekit.doctor import Finding

MARKS = {
    "ready": "[green]ready[/green]",
    "installable": "[cyan]installable[/cyan]",
    "missing": "[yellow]missing[/yellow]",
}


def doctor(json: Json = False) -> None:
    """Show which toolchains, Pythons, GPU, phones and emulators are here, and what the missing ones take."""
    from edgekit.cache import cache_folder
    from edgekit.doctor import examine

    cache = cache_folder()
    findings = examine(cache)
    if json:
        print_json({"findings": findings})
        return
    console().print(findings_table(findings, cache))


def findings_table(findings: list["Finding"], cache: Path):
    """The findings as a Rich table; paths below `cache` are cut short, since its own row has it in full."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("What", no_wrap=True)
    table.add_column("Used by", max_width=16)
    table.add_column("State", no_wrap=True)
    table.add_column("Where, or what it takes", overflow="fold")
    for finding in findings:
        detail = finding.detail.replace(f"{cache}{os.sep}", f"…{os.sep}")
        table.add_row(finding.name, finding.purpose, MARKS[finding.status], detail)
    return table
