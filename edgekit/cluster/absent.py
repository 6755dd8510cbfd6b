"""What the extra `ray` brings, imported when it is asked for."""

from importlib import import_module
from typing import Any

from edgekit.errors import AbsentError


def required(module: str) -> Any:
    """A module of the extra. Raises AbsentError where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise AbsentError("--ray needs packages that are not installed", "Run `pip install 'edgekit[ray]'`.") from None
