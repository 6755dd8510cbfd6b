"""The table of what a device did beside what edgekit computes, and the sentences below it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgekit.report.styled import styled
from edgekit.report.titled_table import titled_table

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from edgekit.from_device.judged import Judged

STYLES = {"passed": "bold green", "failed": "bold red", "not compared": "yellow"}


def judged_table(judged: "Judged") -> "Table":
    """One row for each thing that was compared."""
    table = titled_table(f"{judged.model} {judged.target} {judged.precision.upper()} on {judged.device}")
    table.add_column("stage", no_wrap=True)
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("at most", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what", overflow="fold")
    for stage in judged.stages:
        figures = ["" if value is None else f"{value:.2g}" for value in (stage.figure, stage.limit)]
        table.add_row(styled(stage.stage), *figures, styled((stage.status, STYLES[stage.status])), styled(stage.detail))
    return table


def judged_notes(judged: "Judged") -> Iterator["Text"]:
    """Whether it passed, where it parted, and what its latency is."""
    if judged.passed:
        yield styled("The device computes what edgekit computes on its frame.")
    elif judged.parted is None:
        yield styled("Nothing failed, and its outputs were not compared: that is not passed.")
    else:
        yield styled(f"It parted at {judged.parted}: {judged.reason}.")
    p50, repeats = judged.latency.get("p50_ms"), judged.latency.get("repeats")
    if p50 is not None and repeats is not None:
        counted = "" if judged.passed else " What is wrong has no latency worth knowing."
        yield styled(
            f"Latency as the device says it: {p50:.3g} ms p50 of {repeats:.0f} calls on {judged.threads} threads."
            f"{counted}"
        )
