"""Whether a latency is a figure to show to others: enough runs, beside nothing else, at one clock, not throttled."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from edgekit.devices.system_state import MachineState, state_of
from edgekit.quantities.conditions import is_busy, numbers

LEAST_RUNS = 1024
LEAST_SECONDS = 60.0
"""As MLPerf Mobile has them for a single stream (MLCommons, *MLPerf Mobile rules*, 2020)."""
STEADY = 0.05
"""How far clocks may be apart, and the share below the first clock from which it counts as throttled."""
_FIRST = 10  # clocks, by which the first one is known: a governor takes some time to reach it


class Sustained(Struct, frozen=True):
    """A long run: the p50 of each minute, and how much slower the last one is than the first.

    Also the seconds until the clock first fell by more than 5 %: None where it did not, or where clocks are not known.
    """

    minutes_ms: tuple[float, ...]
    decay: float
    first_throttle_seconds: float | None = None
    clocks_known: bool = False


class Conditions(Struct, frozen=True):
    """Under which conditions a latency was measured.

    `valid` where nothing speaks against it, else `why_not` says what does. `clocks_khz` are the lowest and the highest
    clock during the run. `blocks_ms` are the p50 of equal parts in a row. `cores` are the processors that it ran on,
    where they were chosen.
    """

    valid: bool
    why_not: tuple[str, ...]
    runs: int
    seconds: float | None = None
    quick: bool = False
    before: MachineState | None = None
    after: MachineState | None = None
    clocks_khz: tuple[int, int] | None = None
    blocks_ms: tuple[float, ...] = ()
    cores: tuple[int, ...] = ()
    sustained: Sustained | None = None


def conditions_of(
    latency: Mapping[str, Any], *, quick: bool = False, cores: Sequence[int] = (), sustained: bool = False
) -> Conditions:
    """The conditions of a latency, as a worker or a device's runner tells it (`edgeworker.benchmark`)."""
    before, after = (
        None if latency.get(name) is None else state_of(latency[name]) for name in ("files_before", "files_after")
    )
    clocks = [int(one) for one in latency.get("clocks_khz") or () if one > 0]
    # The first ones are those of a governor on its way up.
    settled = clocks[1:] if len(clocks) > 2 else clocks
    span = (min(settled), max(settled)) if settled else None
    seconds = latency.get("seconds")
    why = [
        *(["it was asked to be quick"] if quick else []),
        *too_little(int(latency["repeats"]), seconds),
        *unsteady(span),
        *throttling(before, after, cores),
        *(["other programs worked beside it"] if is_busy(numbers(latency)) else []),
    ]
    return Conditions(
        valid=not why,
        why_not=tuple(why),
        runs=int(latency["repeats"]),
        seconds=seconds,
        quick=quick,
        before=before,
        after=after,
        clocks_khz=span,
        blocks_ms=tuple(latency.get("blocks_ms") or ()),
        cores=tuple(cores),
        sustained=sustained_of(latency) if sustained else None,
    )


def too_little(runs: int, seconds: float | None) -> list[str]:
    """What is missing of a measurement's length."""
    found = [f"{runs:,} runs, fewer than {LEAST_RUNS:,}"] if runs < LEAST_RUNS else []
    if seconds is None or seconds < LEAST_SECONDS:
        took = "an unknown time" if seconds is None else f"{seconds:.1f} s"
        found.append(f"{took}, less than {LEAST_SECONDS:.0f} s")
    return found


def unsteady(span: tuple[int, int] | None) -> list[str]:
    """What is wrong with the clocks."""
    if span is None:
        return ["its clocks are not known"]
    low, high = span
    if (high - low) / high <= STEADY:
        return []
    return [f"clocks from {low / 1000:.0f} to {high / 1000:.0f} MHz, {(high - low) / high:.0%} apart"]


def throttling(before: MachineState | None, after: MachineState | None, cores: Sequence[int] = ()) -> list[str]:
    """Signs that processors were slowed down for their heat."""
    if before is None or after is None:
        return []
    found = []
    if (before.throttled or 0) < (after.throttled or 0):
        found.append(f"throttled {(after.throttled or 0) - (before.throttled or 0)} times")
    if (after.cooling or 0) > (before.cooling or 0):
        found.append("the system cools its processors by slowing them down")
    allowed = {core.number: core.allowed_khz for core in before.cores}
    for core in after.cores:
        earlier = allowed.get(core.number)
        if (not cores or core.number in cores) and earlier and core.allowed_khz and core.allowed_khz < earlier:
            found.append(f"core {core.number} may have {core.allowed_khz / 1000:.0f} MHz, before {earlier / 1000:.0f}")
            break
    return found


def sustained_of(latency: Mapping[str, Any]) -> Sustained | None:
    """What became of the latency in a long run; None where it was none."""
    minutes = tuple(latency.get("minutes_ms") or ())
    if not minutes:
        return None
    clocks = [int(one) for one in latency.get("clocks_khz") or ()]
    known = [one for one in clocks[:_FIRST] if one > 0]
    throttle = None
    if known:
        first = max(known)
        late = (at for at, one in enumerate(clocks) if at >= len(known) and 0 < one < first * (1 - STEADY))
        if (at := next(late, None)) is not None:
            throttle = at * float(latency.get("clock_seconds") or 1)
    return Sustained(minutes, minutes[-1] / minutes[0] - 1, throttle, bool(known))
