"""Latency of one call, the way the field reports it: warm up, repeat, percentiles; and whether it stayed the same."""

import math
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from edgeworker.conditions import Watch
from edgeworker.system_files import highest_clock, texts_of

MOST_CLOCKS = 600
MINUTE = 60.0


def latency(
    call: Callable[[], object],
    warmup: int,
    repeats: int,
    seconds: float,
    least_seconds: float = 0.0,
    blocks: int = 0,
    files: Sequence[str] = (),
) -> dict[str, Any]:
    """Time `call` up to `repeats` times after `warmup` calls, within about `seconds`; at least three times.

    It goes on until `least_seconds` are over. Returns milliseconds: `p50_ms`, `p95_ms` (nearest rank), `min_ms`, and
    `repeats` as really done; `measured`, the time in seconds since 1970; and what the machine did beside it
    (`conditions`). With `blocks` also `seconds`, `blocks_ms` (the p50 of so many equal parts in a row), `minutes_ms`
    (of each minute) and `clocks_khz` (the highest clock of this process's processors every `clock_seconds`, 0 where
    the system does not tell). `files` are patterns of files of the system: `files_before` and `files_after` are what
    they say.
    """
    for _ in range(warmup):
        call()
    before = texts_of(files)
    times: list[float] = []
    starts: list[float] = []
    clocks: list[int] = []
    every = max(1.0, least_seconds / MOST_CLOCKS)
    watch = Watch()
    began = time.perf_counter()
    passed = 0.0
    while passed < least_seconds or (len(times) < repeats and (len(times) < 3 or passed < seconds)):
        # Between calls, so that reading takes nothing of what is timed.
        if blocks and len(clocks) < MOST_CLOCKS and passed >= len(clocks) * every:
            clocks.append(highest_clock(sorted(os.sched_getaffinity(0))))
        starts.append(passed)
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
        passed = time.perf_counter() - began
    conditions = watch.conditions()
    ordered = sorted(times)
    steadiness: dict[str, Any] = {}
    if blocks:
        steadiness = {
            "seconds": passed,
            "blocks_ms": [percentile(sorted(part), 50) for part in parts(times, blocks)],
            "minutes_ms": [percentile(sorted(part), 50) for part in minutes(times, starts, passed)],
            "clocks_khz": clocks,
            "clock_seconds": every,
        }
    return {
        "p50_ms": percentile(ordered, 50),
        "p95_ms": percentile(ordered, 95),
        "min_ms": ordered[0],
        "repeats": len(times),
        "measured": round(time.time()),
        **conditions,
        **steadiness,
        **({"files_before": before, "files_after": texts_of(files)} if files else {}),
    }


def percentile(ordered: list[float], percent: float) -> float:
    """The nearest-rank percentile of a sorted list."""
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def parts(times: list[float], count: int) -> list[list[float]]:
    """Equal parts of some times, in a row; at most one for each."""
    count = min(count, len(times))
    return [times[len(times) * at // count : len(times) * (at + 1) // count] for at in range(count)]


def minutes(times: list[float], starts: list[float], seconds: float) -> list[list[float]]:
    """The times of each minute; what is left of a last one counts from half a minute on, or where there is no other."""
    found: dict[int, list[float]] = {}
    for start, one in zip(starts, times, strict=True):
        found.setdefault(int(start // MINUTE), []).append(one)
    last = max(found)
    if len(found) > 1 and seconds - last * MINUTE < MINUTE / 2:
        del found[last]
    return [found[minute] for minute in sorted(found)]
