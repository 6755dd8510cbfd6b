"""`edgekit compare`: records of benchmarks, from whatever machines, side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekit.cli.common import Json
from edgekit.cli.console import console, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.bench.merge import Comparison


def compare(
    records: Annotated[
        list[Path], typer.Argument(metavar="RECORD.json...", help="What edgekit bench --record wrote, or printed.")
    ],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Also write the comparison as a page.", dir_okay=False)
    ] = None,
    json: Json = False,
) -> int:
    """Put records of benchmarks side by side: phones, boards, kinds of cores, versions.

    What was measured first is what others are compared with, by an interval: "not distinguishable" is an answer.
    """
    from edgekit.bench.merge import merged, read_record

    found = [(path.name, read_record(path)) for path in records]
    comparisons = merged(found)
    if html is not None:
        write_page(html, comparisons, [name for name, _ in found])
    if json:
        print_json({"comparisons": [document(one) for one in comparisons], "page": html})
        return 0
    for one in comparisons:
        console().print(figure_table(one))
    if html is not None:
        console().print(f"{html} has the comparison.", soft_wrap=True)
    return 0


def document(comparison: "Comparison") -> dict[str, Any]:
    """The JSON of one comparison."""
    figures = [
        {"where": one.where, "record": one.record, "ratio": one.beside, "words": one.words, "row": one.row}
        for one in comparison.figures
    ]
    return {"title": comparison.title, "figures": figures}


def figure_table(comparison: "Comparison") -> "Table":
    """One comparison as a table."""
    from edgekit.report.styled import styled
    from edgekit.report.titled_table import titled_table
    from edgekit.report.verdicts import milliseconds

    table = titled_table(comparison.title)
    table.add_column("machine", overflow="fold")
    table.add_column("p50 ms", justify="right", no_wrap=True)
    table.add_column("beside the first", overflow="fold")
    table.add_column("conditions", overflow="fold")
    for one in comparison.figures:
        latency = one.row.latency
        p50 = "–" if latency is None else milliseconds(latency["p50_ms"])
        conditions = styled(one.conditions) if latency is not None else styled(one.row.status)
        table.add_row(styled(one.where), p50, styled(one.words), conditions)
    return table


def write_page(path: Path, comparisons: "list[Comparison]", records: list[str]) -> None:
    """Write the page. Raises UsageError where something else lies there."""
    from edgekit.filesystem.owned import check_file, check_place, write_whole
    from edgekit.report.bench_html import comparison_page
    from edgekit.report.page import page_bytes

    check_place(path, "--html")
    check_file(path, "comparison", lambda start: b"<title>edgekit compare" in start)
    write_whole(path, page_bytes(comparison_page(comparisons, records)))
