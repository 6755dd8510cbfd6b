"""Sizes for people."""


def readable_size(count: int) -> str:
    """Bytes in decimal units with three significant digits, as file managers and datasheets give them."""
    if count < 1000:
        return f"{count} B"
    value, unit = count / 1e3, "kB"
    for larger in ("MB", "GB"):
        if value >= 999.5:
            value, unit = value / 1e3, larger
    return f"{value:.3g} {unit}"
