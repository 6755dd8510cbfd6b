"""Durations for people."""


def readable_duration(seconds: float | None) -> str:
    """A duration for people: "40 s", "12 min", "1 h 05 min"; "–" where it is not known."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
