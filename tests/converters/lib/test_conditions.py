"""What a latency says of the machine that it was measured on. No figure here depends on how busy this one is."""

import os
import time

import edgeworker.conditions as conditions
import pytest
from edgeworker.benchmark import latency
from edgeworker.conditions import Watch, busy_seconds

STAT = "cpu  1000 200 300 9000 500 10 20 70 400 0\ncpu0 1 2 3 4 5 6 7 8 9 0\nintr 5\n"


def test_busy_time_is_all_but_waiting_and_counts_guests_once() -> None:
    assert busy_seconds(STAT, 100) == pytest.approx(16.0)


def test_other_programs_are_what_is_left_without_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.perf_counter()
    monkeypatch.setattr(conditions, "machine_seconds", lambda: 118.0)
    monkeypatch.setattr(time, "perf_counter", lambda: now + 10)
    monkeypatch.setattr(os, "times", lambda: (7.0, 1.0, 0.0, 0.0, 0.0))
    monkeypatch.setattr(os, "getloadavg", lambda: (3.25, 2.0, 1.0))
    found = Watch(load=17.5, began=now, own=5.0, busy=100.0).conditions()
    # In ten seconds the machine worked for eighteen, this process for three.
    assert found == {"load_before": 17.5, "load_after": 3.25, "other_cores": 1.5}


def test_where_the_system_does_not_tell_only_the_load_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "machine_seconds", lambda: None)
    assert sorted(Watch().conditions()) == ["load_after", "load_before"]


def test_a_latency_says_when_it_was_measured_and_beside_what() -> None:
    before = int(time.time())
    found = latency(lambda: None, warmup=1, repeats=3, seconds=0.0)
    assert found["repeats"] == 3
    assert before <= found["measured"] <= time.time() + 1
    assert {"p50_ms", "p95_ms", "min_ms", "load_before", "load_after"} <= set(found)
