"""When a latency counts: length, clocks, heat, other work; and what a long run says."""

from pathlib import Path
from typing import Any

import pytest

from edgekit.bench.validity import conditions_of
from edgekit.devices.system_state import PATTERNS
from tests.devices.fake_system import write_system


def texts(root: Path, **changes: Any) -> dict[str, str]:
    write_system(root, **changes)
    found = {}
    for pattern in PATTERNS:
        for path in root.glob(pattern.lstrip("/")):
            found[str(path)] = path.read_text().strip()
    return found


def latency(**changes: Any) -> dict[str, Any]:
    told = {
        "p50_ms": 5.0, "p95_ms": 6.0, "min_ms": 4.5, "repeats": 1024, "seconds": 60.0, "blocks_ms": [5.0] * 32,
        "minutes_ms": [5.0], "clocks_khz": [600_000, *[2_400_000] * 59], "clock_seconds": 1.0,
    }  # fmt: skip
    return {**told, **changes}


def test_a_figure_that_counts(tmp_path: Path) -> None:
    files = texts(tmp_path)
    found = conditions_of(latency(files_before=files, files_after=files))
    assert (found.valid, found.why_not) == (True, ())
    # The clock that a governor starts at is not one of the run.
    assert found.clocks_khz == (2_400_000, 2_400_000)
    assert found.before is not None and found.before.battery is not None
    assert found.before == found.after


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"repeats": 1023}, "1,023 runs, fewer than 1,024"),
        ({"seconds": 59.0}, "59.0 s, less than 60 s"),
        ({"clocks_khz": []}, "its clocks are not known"),
        ({"clocks_khz": [0, 0, 0]}, "its clocks are not known"),
        ({"clocks_khz": [2_400_000, 2_400_000, 2_200_000]}, "clocks from 2200 to 2400 MHz, 8% apart"),
        ({"load_before": 0.1, "load_after": 0.1, "other_cores": 0.5}, "other programs worked beside it"),
    ],
)
def test_what_speaks_against_it(changes: dict[str, Any], said: str) -> None:
    found = conditions_of(latency(**changes))
    assert not found.valid and found.why_not == (said,)


def test_clocks_within_five_percent_are_one() -> None:
    assert conditions_of(latency(clocks_khz=[1, 2_400_000, 2_290_000])).valid
    assert not conditions_of(latency(clocks_khz=[1, 2_400_000, 2_270_000])).valid


def test_quick_says_so() -> None:
    found = conditions_of(latency(repeats=50, seconds=3.0), quick=True)
    assert found.quick and found.why_not[0] == "it was asked to be quick"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"big_allowed": 1_900_000}, "core 4 may have 1900 MHz, before 2400"),
        ({"cooling": 3}, "the system cools its processors by slowing them down"),
    ],
)
def test_throttling_is_seen(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    before, after = texts(tmp_path / "before"), texts(tmp_path / "after", **changes)
    found = conditions_of(latency(files_before=before, files_after=after))
    assert found.why_not == (said,)
    # Of cores that it did not run on, it says nothing.
    elsewhere = conditions_of(latency(files_before=before, files_after=after), cores=[0, 1])
    assert elsewhere.valid == ("big_allowed" in changes)


def test_a_long_run_by_the_minute() -> None:
    clocks = [600_000, *[2_400_000] * 20, *[1_900_000] * 40]
    told = latency(minutes_ms=[5.0, 5.5, 6.5], clocks_khz=clocks, clock_seconds=3.0, seconds=180.0)
    found = conditions_of(told, sustained=True)
    assert found.sustained is not None
    assert found.sustained.decay == pytest.approx(0.3)
    assert found.sustained.first_throttle_seconds == 63.0
    assert not found.valid
    steady = conditions_of(latency(minutes_ms=[5.0, 5.0]), sustained=True).sustained
    assert steady is not None and steady.first_throttle_seconds is None and steady.clocks_known
    blind = conditions_of(latency(clocks_khz=[0] * 60), sustained=True).sustained
    assert blind is not None and blind.first_throttle_seconds is None and not blind.clocks_known
