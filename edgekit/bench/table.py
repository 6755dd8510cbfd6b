"""The table that `edgekit bench` prints, and the lines below it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from edgekit.devices.machine import is_reached
from edgekit.inputs.size import Size
from edgekit.quantities.conditions import busy_words, is_busy
from edgekit.quantities.sizes import readable_size
from edgekit.report.styled import styled
from edgekit.report.titled_table import titled_table
from edgekit.report.verdicts import milliseconds

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from edgekit.bench.row import Report, Row

BUSY = "*"
STYLES = {"failed": "red", "not run": "yellow"}


def bench_table(rows: list["Row"]) -> "Table":
    """A row for each variant and batch of one model; published times are in columns that say what they are."""
    first = rows[0]
    sizes = [Size.of(row.input_size) for row in rows if row.input_size]
    title = " · ".join([first.model, *([f"{sizes[0]} px"] if sizes else []), first.precision.upper()])
    table = titled_table(title)
    table.add_column("\n\ntarget", no_wrap=True)
    published = [row.published for row in rows]
    for heading in ("\n\nbatch", "\nms\np50", "\n\np95", "\n\nmin", "\npeak\nmemory", "\n\nfiles"):
        table.add_column(heading, justify="right", no_wrap=True)
    # Narrow, so that all fits into 80 columns; the line below the table says it in full.
    columns = (
        ("other\nV100\nfp32", [one.v100_fp32 for one in published]),
        ("hard-\nT4\nfp32", [one.t4_fp32 for one in published]),
        ("ware\nT4\nfp16", [one.t4_fp16 for one in published]),
    )
    shown = [(heading, values) for heading, values in columns if any(value is not None for value in values)]
    for heading, _ in shown:
        table.add_column(heading, justify="right", no_wrap=True, style="dim")
    for index, row in enumerate(rows):
        figures = ["–" if values[index] is None else f"{values[index]:.2f}" for _, values in shown]
        name = f"{row.target} {row.variant}".strip()
        table.add_row(f"{name}\n  {row.machine}" if row.machine else name, str(row.batch), *cells(row), *figures)
    return table


def cells(row: "Row") -> list["Text | str"]:
    """What was measured, or in the place of its latency that it was not."""
    size = "–" if row.file_bytes is None else readable_size(row.file_bytes)
    if row.latency is None:
        return [styled((row.status, STYLES[row.status])), "", "", "", size]
    times = [milliseconds(row.latency[name]) for name in ("p50_ms", "p95_ms", "min_ms")]
    if is_busy(row.latency):
        times[0] = f"{times[0]}{BUSY}"
    memory = "–" if row.peak_memory_bytes is None else readable_size(row.peak_memory_bytes)
    return [*times, memory, size]


def bench_notes(report: "Report") -> Iterator[str]:
    """Why what did not run did not, and what the figures are; plain text."""
    for row in report.rows:
        if row.reason:
            on = f" on {row.machine}" if is_reached(row.machine) else ""
            yield f"{row.model} {row.target} {row.variant} batch {row.batch}{on} {row.status}: {row.reason}".replace(
                "  ", " "
            )
    yield from validity_notes(report)
    yield from emulated_notes([row for row in report.rows if not is_reached(row.machine)])
    yield from reached_notes(report)
    measured = [row.latency for row in report.rows if row.latency is not None and row.machine is None]
    if not measured:
        return
    busy = [latency for latency in measured if is_busy(latency)]
    quiet = [latency for latency in measured if not is_busy(latency)]
    yield (
        f"Latency of one call with the whole batch, from host memory to host memory, {report.threads} threads on "
        f"{report.machine}; edgekit ran nothing beside it{conditions(quiet)}."
    )
    if busy:
        yield (
            f"{BUSY} Beside other work, and slower for it: {busy_words(busy)}. Measure again on a machine that does "
            "nothing else."
        )
    if any(row.published.known for row in report.rows):
        yield f"The last columns are {report.published_are}."


def validity_notes(report: "Report") -> Iterator[str]:
    """Which latencies count, why the others do not, and what became of long ones."""
    for row in report.rows:
        if (known := row.conditions) is None:
            continue
        on = f" on {row.machine}" if row.machine else ""
        name = " ".join(f"{row.model} {row.target} {row.variant} batch {row.batch}{on}".split())
        state = "valid" if known.valid else f"not valid: {'; '.join(known.why_not)}"
        yield f"{name}: {state}."
        if (long := known.sustained) is not None:
            minutes = ", ".join(milliseconds(one) for one in long.minutes_ms)
            throttle = (
                "its clocks are not known"
                if not long.clocks_known
                else "its clock never fell by more than 5 %"
                if long.first_throttle_seconds is None
                else f"its clock first fell by more than 5 % after {long.first_throttle_seconds:.0f} s"
            )
            yield f"{name}, p50 by the minute: {minutes} ms; in the end {long.decay:+.0%}; {throttle}."


def emulated_table(rows: list["Row"]) -> "Table":
    """A row for each variant, batch and emulated machine of one model: whether it is right, and what it takes."""
    first = rows[0]
    title = f"{first.model} · {Size.of(first.input_size or 0)} px · {first.precision.upper()}, emulated"
    table = titled_table(title)
    for heading in ("\ntarget", "\nprocessor"):
        table.add_column(heading, no_wrap=True)
    for heading in ("\nbatch", "oracle\nerror", "\nlimit", "peak\nmemory", "\nfiles"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("\nverdict", no_wrap=True)
    for row in rows:
        figures = next(iter(row.verdict.outputs.values()), None) if row.verdict else None
        found = [figures.against_oracle.max_relative, figures.max_threshold] if figures else []
        sizes = ["–" if size is None else readable_size(size) for size in (row.peak_memory_bytes, row.file_bytes)]
        table.add_row(
            f"{row.target} {row.variant}".strip(),
            (row.machine or "").split(":")[-1],
            str(row.batch),
            *([f"{value:.1e}" for value in found] or ["–", "–"]),
            *sizes,
            styled(("passed", "green") if row.status == "computed" else (row.status, STYLES[row.status])),
        )
    return table


def emulated_notes(rows: Sequence["Row"]) -> Iterator[str]:
    """Why there is no latency of an emulated machine, and what its figures are; nothing where there was none."""
    emulated = [row for row in rows if row.machine is not None]
    if not emulated:
        return
    counts = {figures.samples for row in emulated if row.verdict for figures in row.verdict.outputs.values()}
    samples = " or ".join(str(count) for count in sorted(counts)) or "no"
    yield (
        f"{', '.join(dict.fromkeys(str(row.device) for row in emulated))}: no latency. QEMU translates instruction by "
        "instruction, and what that takes says nothing of a device; it counts none either. Shown is whether "
        f"the results are right, on {samples} golden samples, and the memory, the emulator's own included."
    )


def reached_notes(report: "Report") -> Iterator[str]:
    """Which device is which, and what its latencies are; nothing where none was measured."""
    measured = {row.machine: row for row in report.rows if row.latency is not None and is_reached(row.machine)}
    for name, row in measured.items():
        samples = max(figures.samples for figures in row.verdict.outputs.values()) if row.verdict else 0
        yield (
            f"{name} is {row.device}: latency of one call there, {report.threads} threads, by edgekit's runner. Its "
            f"results are right on {samples} golden samples. Clocks, heat and battery are in the record."
        )


def conditions(latencies: Sequence[Mapping[str, float]]) -> str:
    """What is known of the machine beside latencies that nothing disturbed, to follow a sentence."""
    words = busy_words(latencies)
    return f" ({words})" if words else ""
