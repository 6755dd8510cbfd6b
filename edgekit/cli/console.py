"""Where text goes: results to stdout, everything else to stderr."""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


@cache
def error_console() -> "Console":
    """The console for progress, warnings and logs."""
    from rich.console import Console

    return Console(stderr=True)


@cache
def console() -> "Console":
    """The console for results."""
    from rich.console import Console

    return Console()


def print_json(document: Any) -> None:
    """Print one JSON document on stdout; `document` may hold msgspec structs and paths."""
    import sys

    import msgspec

    encoded = msgspec.json.encode(document, enc_hook=str)
    sys.stdout.write(msgspec.json.format(encoded, indent=1).decode() + "\n")


def warn(message: str) -> None:
    """Say something loudly that is not an error."""
    error_console().print(f"[yellow]⚠ {message}[/yellow]", highlight=False)
