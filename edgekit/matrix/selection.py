"""Which models a pattern means."""

from difflib import get_close_matches
from fnmatch import fnmatchcase

from edgekit.catalog import Model
from edgekit.catalog.catalog import Catalog
from edgekit.errors import UsageError

GLOB = "*?["


def select_models(patterns: str, catalog: Catalog) -> list[Model]:
    """The models of a comma-separated list of names and globs, each once, in the catalog's order.

    Names are found as everywhere else (case, `-` and `_` forgiven); globs forgive case. Raises UsageError, with
    near names, for one that matches nothing.
    """
    wanted = [part.strip() for part in patterns.split(",") if part.strip()]
    if not wanted:
        raise UsageError("no model is named", f"`edgekit models` lists all {len(catalog.models)}.")
    chosen: set[str] = set()
    for pattern in wanted:
        chosen |= matching(pattern, catalog) if any(mark in pattern for mark in GLOB) else {catalog.find(pattern).name}
    return [model for model in catalog.models if model.name in chosen]


def matching(pattern: str, catalog: Catalog) -> set[str]:
    """The names that a glob matches."""
    names = {model.name.casefold(): model.name for model in catalog.models}
    found = {name for folded, name in names.items() if fnmatchcase(folded, pattern.casefold())}
    if not found:
        plain = "".join(letter for letter in pattern.casefold() if letter not in "*?[]")
        near = [names[folded] for folded in get_close_matches(plain, names, n=3, cutoff=0.5)]
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        raise UsageError(f'no model matches "{pattern}"', f"{hint}`edgekit models` lists all {len(names)}.")
    return found
