"""Latency of one call, the way the field reports it: warm up, repeat, percentiles."""

import math
import time
from collections.abc import Callable

from edgeworker.conditions import Watch


def latency(call: Callable[[], object], warmup: int, repeats: int, seconds: float) -> dict[str, float | int]:
    """Time `call` up to `repeats` times after `warmup` calls, within about `seconds`; at least three times.

    Returns milliseconds: `p50_ms`, `p95_ms` (nearest rank), `min_ms`, and `repeats` as really done; `measured`, the
    time in seconds since 1970; and what the machine did beside it (`conditions`).
    """
    for _ in range(warmup):
        call()
    times: list[float] = []
    watch = Watch()
    deadline = time.perf_counter() + seconds
    while len(times) < repeats and (len(times) < 3 or time.perf_counter() < deadline):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    conditions = watch.conditions()
    times.sort()
    return {
        "p50_ms": percentile(times, 50),
        "p95_ms": percentile(times, 95),
        "min_ms": times[0],
        "repeats": len(times),
        "measured": round(time.time()),
        **conditions,
    }


def percentile(ordered: list[float], percent: float) -> float:
    """The nearest-rank percentile of a sorted list."""
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
