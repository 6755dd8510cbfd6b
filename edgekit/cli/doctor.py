"""`edgekit doctor`: what is here, and what each missing thing would take."""

from typing import TYPE_CHECKING

from edgekit.cli.common import Json
from edgekit.cli.console import console, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.doctor import Finding

MARKS = {
    "ready": "[green]ready[/green]",
    "installable": "[cyan]installable[/cyan]",
    "partly": "[yellow]partly[/yellow]",
    "missing": "[yellow]missing[/yellow]",
}


def doctor(json: Json = False) -> None:
    """Show which toolchains, Pythons and GPU are here, what the missing ones take, and whether workers are confined."""
    from rich.markup import escape

    from edgekit.cache import cache_folder
    from edgekit.doctor import examine

    cache = cache_folder()
    findings = examine(cache)
    if json:
        print_json({"findings": findings})
        return
    console().print(findings_table(findings))
    for detail in dict.fromkeys(finding.detail for finding in findings if finding.status != "ready"):
        names = ", ".join(finding.name for finding in findings if finding.detail == detail)
        console().print(f"[bold]{names}[/bold]: {escape(detail)}.", highlight=False)
    console().print(f"[dim]Environments, weights and stages are in {escape(str(cache))}[/dim]", highlight=False)


def findings_table(findings: list["Finding"]) -> "Table":
    """What is looked for, whether it is here, and who uses it: within 80 columns. What it takes stands below."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("what", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("used by")
    for finding in findings:
        table.add_row(finding.name, MARKS[finding.status], finding.purpose)
    return table
