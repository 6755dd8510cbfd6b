"""How long is measured, and what tells whether it stayed the same. No figure of this machine's speed is asserted."""

import os
import time
from pathlib import Path

import pytest
from edgeworker import benchmark
from edgeworker.benchmark import latency, minutes, parts
from edgeworker.system_files import highest_clock, texts_of

from tests.devices.fake_system import write_system


class Clock:
    """A clock that goes on by `step` seconds at each look."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_it_goes_on_until_both_are_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", Clock(0.01))
    calls: list[int] = []
    found = latency(lambda: calls.append(1), warmup=2, repeats=5, seconds=100.0, least_seconds=3.0, blocks=4)
    # A call takes three looks at the clock, 0.03 s.
    assert 95 <= found["repeats"] <= 105 and len(calls) == found["repeats"] + 2
    assert found["seconds"] >= 3.0
    assert len(found["blocks_ms"]) == 4 and found["blocks_ms"] == pytest.approx([10.0] * 4)
    assert len(found["minutes_ms"]) == 1 and len(found["clocks_khz"]) == 3
    found = latency(lambda: None, warmup=0, repeats=5, seconds=100.0)
    assert found["repeats"] == 5 and "blocks_ms" not in found and "files_before" not in found


def test_parts_are_all_of_it_in_a_row() -> None:
    times = [float(one) for one in range(10)]
    assert [one for part in parts(times, 3) for one in part] == times
    assert len(parts(times, 3)) == 3 and len(parts(times, 32)) == 10


def test_minutes() -> None:
    starts = [0.0, 59.0, 60.0, 119.0, 120.0]
    assert minutes([1, 2, 3, 4, 5], starts, 121.0) == [[1, 2], [3, 4]]
    assert minutes([1, 2, 3, 4, 5], starts, 151.0) == [[1, 2], [3, 4], [5]]
    assert minutes([1], [0.0], 3.0) == [[1]]


def test_files_of_the_system(tmp_path: Path) -> None:
    write_system(tmp_path)
    processors = tmp_path / "sys" / "devices" / "system" / "cpu"
    assert highest_clock([0, 1], processors) == 900_000
    assert highest_clock([0, 5], processors) == 1_200_000
    assert highest_clock([9], processors) == 0
    governors = texts_of([f"{processors}/cpu[0-9]*/cpufreq/scaling_governor"])
    assert len(governors) == 6 and set(governors.values()) == {"schedutil"}
    assert texts_of([f"{tmp_path}/nothing/*"]) == {}


def test_files_are_read_before_and_after(tmp_path: Path) -> None:
    (tmp_path / "celsius").write_text("30\n")
    found = latency(
        lambda: (tmp_path / "celsius").write_text("45\n"), 0, 3, 10.0, blocks=1, files=[f"{tmp_path}/celsius"]
    )
    assert list(found["files_before"].values()) == ["30"]
    assert list(found["files_after"].values()) == ["45"]
    assert benchmark.MOST_CLOCKS == 600 and os.sched_getaffinity(0)
