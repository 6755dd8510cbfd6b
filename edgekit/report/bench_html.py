"""`edgekit compare --html`: phones and boards side by side, a page that opens from disk without network or script."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.bench.merge import Comparison, Figure
from edgekit.devices.system_state import MachineState
from edgekit.quantities.sizes import readable_size
from edgekit.report.page import filled_page
from edgekit.report.verdicts import milliseconds

TEMPLATE = "bench.html"


@dataclass(frozen=True)
class FigureView:
    """A figure as the template shows it; `width` is its bar's share in percent, `minutes` the bars of a long run."""

    where: str
    record: str
    latency: str
    spread: str
    memory: str
    width: float
    style: str
    conditions: str
    state: str
    beside: str
    minutes: list[float]
    lasting: str


def comparison_page(comparisons: Sequence[Comparison], records: Sequence[str]) -> str:
    """The page. Everything that is filled in is escaped: records come from anybody."""
    shown = [(one.title, [view(figure, one.slowest) for figure in one.figures]) for one in comparisons]
    return filled_page(TEMPLATE, comparisons=shown, records=list(records))


def view(figure: Figure, slowest: float) -> FigureView:
    """One figure."""
    row, known = figure.row, figure.row.conditions
    latency = row.latency
    minutes = known.sustained.minutes_ms if known and known.sustained else ()
    return FigureView(
        where=figure.where,
        record=figure.record,
        latency=f"{milliseconds(latency['p50_ms'])} ms" if latency else row.status,
        spread=f"p95 {milliseconds(latency['p95_ms'])} ms" if latency else "",
        memory="" if row.peak_memory_bytes is None else readable_size(row.peak_memory_bytes),
        width=100 * latency["p50_ms"] / slowest if latency and slowest else 0,
        style="none" if latency is None else "valid" if known and known.valid else "not-valid",
        conditions=figure.conditions if latency else row.reason,
        state="; ".join(
            filter(
                None, (clocks(figure), state("before", known and known.before), state("after", known and known.after))
            )
        ),
        beside=figure.words if latency else "",
        minutes=[100 * one / max(minutes) for one in minutes],
        lasting=lasting(figure),
    )


def clocks(figure: Figure) -> str:
    """The clocks during a run."""
    known = figure.row.conditions
    if known is None or known.clocks_khz is None:
        return ""
    low, high = (one / 1000 for one in known.clocks_khz)
    return f"{low:.0f} to {high:.0f} MHz"


def state(when: str, known: MachineState | None) -> str:
    """Governor, temperature and battery at one moment, as far as they are known."""
    if known is None:
        return ""
    governors = ", ".join(dict.fromkeys(core.governor for core in known.cores if core.governor))
    battery = known.battery
    told = [
        governors,
        "" if known.hottest is None else f"{known.hottest:.0f} °C",
        "" if battery is None or battery.percent is None else f"battery {battery.percent} %",
        "" if battery is None or not battery.status else battery.status.lower(),
    ]
    told = [one for one in told if one]
    return f"{when}: {', '.join(told)}" if told else ""


def lasting(figure: Figure) -> str:
    """What became of the latency in a long run."""
    long = figure.row.conditions.sustained if figure.row.conditions else None
    if long is None:
        return ""
    throttle = long.first_throttle_seconds
    fell = (
        "clocks not known"
        if not long.clocks_known
        else "no throttling"
        if throttle is None
        else f"first throttled after {throttle:.0f} s"
    )
    return f"{len(long.minutes_ms)} min: {long.decay:+.0%} in the end, {fell}"
