"""What the extra `ray` brings, imported when it is asked for."""

from importlib import import_module
from typing import Any

from edgekit.errors import AbsentError

INSTALL = "`pip install '.[ray]'` in edgekit's checkout"
"""By its name alone pip would find another project's package."""


def required(module: str) -> Any:
    """A module of the extra. Raises AbsentError where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise AbsentError("--ray needs packages that are not installed", f"Run {INSTALL}.") from None
