"""Several records of benchmarks as one comparison: a model on a runtime, on one machine beside another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from edgekit.bench.comparison import compared, words
from edgekit.bench.ratio import Ratio
from edgekit.bench.row import SCHEMA, Report, Row
from edgekit.bench.validity import Conditions
from edgekit.errors import UsageError
from edgekit.untrusted.json_document import read_json
from edgekit.untrusted.wording import harmless

LARGEST_RECORD = 8 << 20
AGAIN = "Write it with edgekit bench --record FILE.json."
Subject = tuple[str, str, str, int, str]


@dataclass(frozen=True)
class Figure:
    """One row of one record: its machine in words and, where it is not the first of its subject, its ratio to that."""

    where: str
    record: str
    row: Row
    beside: Ratio | None
    words: str

    @property
    def conditions(self) -> str:
        """`valid`, or why not."""
        known = self.row.conditions
        if known is None:
            return "conditions not recorded"
        return "valid" if known.valid else "; ".join(known.why_not)


@dataclass(frozen=True)
class Comparison:
    """What is compared: one model on one target's variant, at a batch and precision, wherever it was measured."""

    title: str
    figures: tuple[Figure, ...]

    @property
    def slowest(self) -> float:
        """The longest p50, in milliseconds; 0 where nothing was measured."""
        return max((one.row.latency["p50_ms"] for one in self.figures if one.row.latency), default=0.0)


def read_record(path: Path) -> Report:
    """A record that `edgekit bench` wrote, on whatever machine. Raises UsageError for anything else."""
    report = read_json(path, Report, LARGEST_RECORD, "record", AGAIN)
    if report.schema_version > SCHEMA:
        raise UsageError(f"{path} was written by a newer edgekit", "Update edgekit.")
    for row in report.rows:
        if (latency := row.latency) is not None and not all(latency.get(one, 0) > 0 for one in ("p50_ms", "p95_ms")):
            raise UsageError(f"{path} cannot be read: {harmless(row.model, 60)} has a latency that is none", AGAIN)
        if row.conditions is not None and not all(one > 0 for one in measured(row.conditions)):
            raise UsageError(f"{path} cannot be read: {harmless(row.model, 60)} has a latency that is none", AGAIN)
    return report


def measured(conditions: Conditions) -> Iterator[float]:
    """Every latency of parts of a run, in milliseconds."""
    yield from conditions.blocks_ms
    if conditions.sustained is not None:
        yield from conditions.sustained.minutes_ms


def merged(records: Sequence[tuple[str, Report]]) -> list[Comparison]:
    """One comparison for each subject, in the order in which they come first; the first figure is what others are
    compared with. `records` are with their names."""
    found: dict[Subject, list[tuple[str, str, Row]]] = {}
    for name, report in records:
        for row in report.rows:
            subject = (row.model, row.target, row.variant, row.batch, row.precision)
            found.setdefault(subject, []).append((where(report, row), name, row))
    return [Comparison(title(subject), figures(rows)) for subject, rows in found.items()]


def figures(rows: Sequence[tuple[str, str, Row]]) -> tuple[Figure, ...]:
    """Each row beside the first that was measured."""
    base = next((row for _, _, row in rows if row.latency is not None), None)
    shown = []
    for place, record, row in rows:
        ratio = None
        told = "" if row.latency is not None else row.reason or row.status
        if row.latency is not None and base is not None:
            told = "what others are compared with"
            if row is not base:
                ratio = compared(blocks(row), blocks(base))
                told = words(ratio)
        shown.append(Figure(place, record, row, ratio, told))
    return tuple(shown)


def blocks(row: Row) -> tuple[float, ...]:
    """The p50 of parts of a row's run."""
    return row.conditions.blocks_ms if row.conditions else ()


def title(subject: Subject) -> str:
    """A subject in words."""
    model, target, variant, batch, precision = subject
    return " · ".join(filter(None, (model, f"{target} {variant}".strip(), f"batch {batch}", precision.upper())))


def where(report: Report, row: Row) -> str:
    """The machine of a row in words, with its cores where they were chosen."""
    machine = (row.device or row.machine) if row.machine else row.device or report.machine
    cores = row.conditions.cores if row.conditions else ()
    return f"{machine or 'unknown'}{f', cores {span(cores)}' if cores else ''}, {report.threads} threads"


def span(cores: Sequence[int]) -> str:
    """`4-7`, or each number."""
    if len(cores) > 2 and all(after - before == 1 for before, after in pairwise(cores)):
        return f"{cores[0]}-{cores[-1]}"
    return ",".join(map(str, cores))
