"""Under which conditions a latency was measured: when, and beside what other work."""

import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

from edgekit.quantities.durations import readable_duration

Latency = Mapping[str, float]

BUSY_CORES = 0.25
"""So many cores kept busy by others change a latency: a quarter of one, beside the two that a run takes."""


def numbers(latency: Mapping[str, Any]) -> dict[str, float]:
    """What of a latency is a number: all that a row or a manifest has of it."""
    return {name: value for name, value in latency.items() if isinstance(value, int | float)}


def is_busy(latency: Latency) -> bool:
    """Whether other programs took cores while it was measured; by the load where nothing better is known.

    The load counts the run itself and what ran before it, so that it says so only where it is more than the cores.
    """
    if (others := latency.get("other_cores")) is not None:
        return others > BUSY_CORES
    return max(latency.get("load_before", 0.0), latency.get("load_after", 0.0)) > (os.cpu_count() or 1)


def busy_words(latencies: Iterable[Latency]) -> str:
    """What ran beside figures, and the machine's load before and after each; empty where none was recorded."""
    known = [one for one in latencies if "load_before" in one]
    if not known:
        return ""
    others = [one["other_cores"] for one in known if "other_cores" in one]
    cores = f"other programs kept {span(others)} of {os.cpu_count()} cores busy; " if others else ""
    before, after = span(one["load_before"] for one in known), span(one["load_after"] for one in known)
    return f"{cores}load {before} before and {after} after"


def span(values: Iterable[float]) -> str:
    """One figure, or the smallest and the largest of several."""
    texts = list(dict.fromkeys(f"{value:.1f}" for value in sorted(values)))
    return texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"


def age_words(latency: Latency) -> str:
    """How long ago it was measured, such as "3 h 20 min ago"; "at a time that is not known" of earlier versions'."""
    measured = latency.get("measured")
    if measured is None:
        return "at a time that is not known"
    seconds = max(0.0, time.time() - measured)
    days = int(seconds // 86400)
    if days:
        return f"{days} day{'s' if days > 1 else ''} ago"
    return f"{readable_duration(seconds)} ago"
