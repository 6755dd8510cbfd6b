"""Sizes for people."""


def readable_size(count: int) -> str:
    """Bytes in decimal units with three significant digits, as file managers and datasheets give them."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            break
    return f"{value:.3g} {unit}"
