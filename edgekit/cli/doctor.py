"""`edgekit doctor`: what is here, and what each missing thing would take."""

from typing import TYPE_CHECKING

from edgekit.cli.common import Json
from edgekit.cli.console import console, print_json
from edgekit.report.styled import styled

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.doctor import Finding

STYLES = {
    "ready": "green",
    "installable": "cyan",
    "partly": "yellow",
    "missing": "yellow",
}


def doctor(json: Json = False) -> None:
    """Show which toolchains, Pythons and GPU are here, what the missing ones take, and whether workers are confined."""
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
        console().print(styled((names, "bold"), f": {detail.rstrip('.')}."))
    console().print(f"Environments, weights and stages are in {cache}", style="dim")


def findings_table(findings: list["Finding"]) -> "Table":
    """What is looked for, whether it is here, and who uses it: within 80 columns. What it takes stands below."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("what", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("used by")
    for finding in findings:
        table.add_row(finding.name, styled((finding.status, STYLES[finding.status])), finding.purpose)
    return table
