"""How tables and notes speak of what ran beside a measurement, and of its age."""

import os
import time
from dataclasses import replace

import pytest
from msgspec.structs import replace as with_changes

from edgekit.bench.row import Report, Row
from edgekit.bench.table import bench_notes, bench_table
from edgekit.quantities.conditions import age_words, busy_words, is_busy
from edgekit.report.verdicts import latency_notes, verdict_table
from edgekit.verification.check import Check
from tests.report.test_width import checks
from tests.report.width import rendered

NOW = 1_800_000_000
QUIET = {"p50_ms": 10.0, "p95_ms": 11.0, "min_ms": 9.0, "load_before": 2.1, "load_after": 2.0, "other_cores": 0.05}
BUSY = {**QUIET, "load_before": 18.2, "load_after": 17.9, "other_cores": 1.6}


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cores, at one moment."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(time, "time", lambda: NOW)


@pytest.mark.parametrize(
    ("latency", "expected"),
    [
        (QUIET, False),
        (BUSY, True),
        ({**QUIET, "load_before": 18.0}, False),  # the minute before is over
        ({"p50_ms": 1.0, "load_before": 3.0, "load_after": 1.0}, True),
        ({"p50_ms": 1.0, "load_before": 2.0, "load_after": 2.0}, False),
        ({"p50_ms": 1.0}, False),  # of an earlier version
    ],
)
def test_other_work_counts_where_it_took_cores(latency: dict[str, float], expected: bool) -> None:
    assert is_busy(latency) is expected


def test_the_load_is_said_before_and_after() -> None:
    assert busy_words([BUSY]) == "other programs kept 1.6 of 2 cores busy; load 18.2 before and 17.9 after"
    assert busy_words([BUSY, {**BUSY, "other_cores": 0.4, "load_before": 3.0}]) == (
        "other programs kept 0.4 to 1.6 of 2 cores busy; load 3.0 to 18.2 before and 17.9 after"
    )
    assert busy_words([{"p50_ms": 1.0}]) == ""


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s ago"),
        (-5, "0 s ago"),
        (3600, "1 h 00 min ago"),
        (90000, "1 day ago"),
        (200000, "2 days ago"),
    ],
)
def test_the_age_of_a_latency(seconds: float, expected: str) -> None:
    assert age_words({"measured": NOW - seconds}) == expected
    assert age_words({}) == "at a time that is not known"


def row(target: str, latency: dict[str, float]) -> Row:
    return Row(
        model="M", target=target, variant="", batch=1, precision="fp32", status="measured", latency=latency,
        peak_memory_bytes=1, file_bytes=1,
    )  # fmt: skip


def test_a_benchmark_beside_other_work_says_so_at_the_figure() -> None:
    rows = [row("onnx", QUIET), row("ncnn", BUSY)]
    shown = rendered(bench_table(rows), 80)
    assert "10.0*" in next(line for line in shown.splitlines() if "ncnn" in line)
    assert "*" not in next(line for line in shown.splitlines() if "onnx" in line)
    notes = " ".join(bench_notes(Report("cpu", 2, "", rows)))
    assert "edgekit ran nothing beside it (other programs kept 0.1 of 2 cores busy; load 2.1 before" in notes
    assert "* Beside other work, and slower for it: other programs kept 1.6 of 2 cores busy; load 18.2 before" in notes
    assert "alone on the machine" not in notes


def verified(target: str, latency: dict[str, float], *, remembered: bool) -> Check:
    (check,) = [one for one in checks("M") if one.target.name == target][:1]
    return replace(check, found=with_changes(check.found, latency=latency), remembered=remembered)


def test_an_earlier_runs_latency_is_not_shown_as_new() -> None:
    hour = {**QUIET, "measured": NOW - 3600}
    rows = [verified("onnx", hour, remembered=True), verified("ncnn", hour, remembered=False)]
    (note,) = latency_notes(rows)
    assert "* Latencies of an earlier run, which stands for this one: onnx 1 h 00 min ago. `edgekit bench`" in note
    shown = rendered(verdict_table(rows))
    assert "10.0*/ 11.0" in next(line for line in shown.splitlines() if "onnx" in line)
    assert "*" not in next(line for line in shown.splitlines() if "ncnn" in line)


def test_a_verdict_beside_other_work_says_so() -> None:
    (note,) = latency_notes([verified("onnx", {**BUSY, "measured": NOW}, remembered=False)])
    assert "onnx (other programs kept 1.6 of 2 cores busy; load 18.2 before and 17.9 after)" in note
