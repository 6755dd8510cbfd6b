"""How large the cache may become: a variable of the environment, else the user's settings, else the default."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from edgekit.errors import UsageError

VARIABLE = "EDGEKIT_CACHE_MAX_SIZE"
SETTINGS = "settings.toml"
DEFAULT = "20 GB"
NONE = "none"
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
SIZES = "Sizes are such as 20GB, 500 MB or 1.5TiB; none is no bound."


def cache_bound() -> int | None:
    """The bound in bytes on what edgekit makes by itself in the cache; None where there is none.

    `$EDGEKIT_CACHE_MAX_SIZE`, else `max_size` of `[cache]` in the user's settings, else 20 GB. Raises UsageError for
    what is no size, naming where it stands.
    """
    if text := os.environ.get(VARIABLE):
        return parse_size(text, VARIABLE)
    settings = settings_file()
    if not settings.is_file():
        return parse_size(DEFAULT, "the default")
    return parse_size(setting(settings), f"max_size in {settings}")


def settings_file() -> Path:
    """The user's settings, by the platform's custom (~/.config/edgekit/settings.toml on Linux)."""
    from platformdirs import user_config_path

    return user_config_path("edgekit") / SETTINGS


def setting(settings: Path) -> str:
    """`max_size` of `[cache]` in a file, or the default where it says nothing. Raises UsageError for no TOML."""
    try:
        table: Any = tomllib.loads(settings.read_text(encoding="utf-8")).get("cache", {})
        return str(table.get("max_size", DEFAULT))
    except (OSError, ValueError, AttributeError, RecursionError):
        raise UsageError(
            f"{settings} cannot be read as settings", 'It says, for one, max_size = "20GB" below [cache].'
        ) from None


def parse_size(text: str, where: str) -> int | None:
    """A size in bytes, decimal (GB) or binary (GiB); None for `none`. Raises UsageError, with `where` it stands."""
    if text.strip().lower() == NONE:
        return None
    found = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([kmgt]?i?)b?\s*", text, re.ASCII | re.IGNORECASE)
    if found is None or found[2].lower() not in UNITS:
        raise UsageError(f"{where} is no size: {text[:40]!r}", SIZES)
    return int(float(found[1]) * UNITS[found[2].lower()])
