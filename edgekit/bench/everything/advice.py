"""Which artifact is worth its place, and which one to ship."""

from collections.abc import Mapping, Sequence

from edgekit.bench.everything.priced import YARDSTICK, Priced, Times

NEARLY = 1.1
"""Times the fastest: what is slower is not taken for as fast, however wide the intervals are."""
AGREES = 0.97
"""The share of photos on which a decision must be able to stay the same, where no labels say what a change costs."""


def worth(precision: str, times: Sequence[Times], others: Mapping[str, str]) -> str:
    """Why an artifact is not worth having, in words with both figures; nothing where it is.

    `others` are the names of the same target's artifacts, by precision. It is not where it is slower than FP32 or FP16
    in its own runtime beyond the noise, and faster with no number of threads.
    """
    if precision != "int8":
        return ""
    for other, name in others.items():
        compared = [(one.threads, one.p50_ms, one.beside[name]) for one in times if name in one.beside]
        slower = [one for one in compared if one[2].verdict == "slower"]
        if slower and all(ratio.verdict != "faster" for *_, ratio in compared):
            threads, p50, ratio = slower[0]
            plural = "s" if threads > 1 else ""
            return (
                f"it takes {ratio.words} times as long as {other} in the same runtime ({p50:.3g} ms and "
                f"{p50 / ratio.median:.3g} ms with {threads} thread{plural})"
            )
    return ""


def advice(rows: Sequence[Priced], threads: int) -> str:
    """One line: the artifact to ship, and why. The fastest that keeps what the photos can tell; of those that cannot be
    told from it, the smallest."""
    able = [row for row in rows if row.status == "passed" and keeps(row) and row.with_threads(threads) is not None]
    if not able:
        return "Nothing to ship: no artifact passed, kept the accuracy and was timed."
    times = times_of(able, threads)
    ordered = sorted(able, key=lambda row: times[row.name])
    fastest = ordered[0]
    alike = [row for row in ordered if row is fastest or same_time(row, fastest, threads)]
    chosen = min(alike, key=lambda row: (row.file_bytes or 0, times[row.name]))
    return f"Ship {chosen.name}: {because(chosen, rows, threads)}."


def keeps(row: Priced) -> bool:
    """Whether the photos leave it possible that nothing that matters is lost; not where no photo has been seen."""
    if row.drop is not None:
        return row.drop.state != "above"
    return row.agreement is not None and row.agreement.high >= AGREES


def times_of(rows: Sequence[Priced], threads: int) -> dict[str, float]:
    """Each one's time beside the yardstick's; where one of them lacks that, the medians of all, in milliseconds."""
    times = {row.name: found for row in rows if (found := row.with_threads(threads)) is not None}
    if all(YARDSTICK in one.beside for one in times.values()):
        return {name: one.beside[YARDSTICK].median for name, one in times.items()}
    return {name: one.p50_ms for name, one in times.items()}


def same_time(row: Priced, fastest: Priced, threads: int) -> bool:
    """Whether the interval of its ratio to the yardstick reaches that of the fastest, and its median nearly does."""
    mine, best = row.with_threads(threads), fastest.with_threads(threads)
    if mine is None or best is None or YARDSTICK not in mine.beside or YARDSTICK not in best.beside:
        return False
    first, second = mine.beside[YARDSTICK], best.beside[YARDSTICK]
    # Few rounds make wide intervals, in which much is hidden.
    return first.low <= second.high and first.median <= NEARLY * second.median


def because(row: Priced, rows: Sequence[Priced], threads: int) -> str:
    """What speaks for it."""
    parts = []
    times, yardstick = row.with_threads(threads), next((one for one in rows if one.name == YARDSTICK), None)
    if times is not None and row.name != YARDSTICK and YARDSTICK in times.beside:
        plural = "s" if threads > 1 else ""
        parts.append(f"{times.beside[YARDSTICK].words} of ONNX Runtime FP32's time with {threads} thread{plural}")
    elif times is not None:
        parts.append(f"{times.p50_ms:.3g} ms, and nothing that keeps the accuracy is faster")
    if yardstick is not None and yardstick.file_bytes and row.file_bytes and row.name != YARDSTICK:
        parts.append(f"{row.file_bytes / yardstick.file_bytes:.2f} of its size")
    if row.drop is not None:
        parts.append(f"a drop of {row.drop.points:+.2f} points ({row.drop.low:+.2f} to {row.drop.high:+.2f})")
    elif row.agreement is not None:
        share = row.agreement
        parts.append(f"decides as the reference on {share.count} of {share.photos} photos")
    return ", ".join(parts)
