"""`edgekit doctor`: what is here, and what each missing thing would take."""

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

    findings = examine(cache_folder())
    if json:
        print_json({"findings": findings})
        return
    console().print(findings_table(findings))


def findings_table(findings: list["Finding"]):
    """The findings as a Rich table."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("What", "Used by", "State", "Where, or what it takes"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        table.add_row(finding.name, finding.purpose, MARKS[finding.status], finding.detail)
    return table
