"""Which models a pattern means."""

import math
from difflib import get_close_matches
from fnmatch import fnmatchcase

from edgekit.catalog import Model
from edgekit.catalog.catalog import Catalog
from edgekit.errors import UsageError

GLOB = "*?["


def one_of_each_family(catalog: Catalog) -> list[Model]:
    """The documented models, then the smallest model of every other family: each has its family's operators.

    A family that PaddleClas itself cannot run is there with its first model, to be named.
    """
    chosen: dict[str, Model] = {}
    for model in catalog.backbones:
        if model.family in catalog.families:
            continue
        best = chosen.setdefault(model.family, model)
        if _size(model) < _size(best):
            chosen[model.family] = model
    return [*catalog.models, *chosen.values()]


def _size(model: Model) -> float:
    runs = model.unsupported is None and model.architecture.parameters is not None
    return float(model.architecture.parameters or 0) if runs else math.inf


def select_models(patterns: str, catalog: Catalog) -> list[Model]:
    """The models of a comma-separated list of names and globs, each once, in the catalog's order; "*" is all of them.

    Names are found as everywhere else (case, `-` and `_` forgiven); globs forgive case. Raises UsageError, with
    near names, for one that matches nothing.
    """
    wanted = [part.strip() for part in patterns.split(",") if part.strip()]
    if not wanted:
        raise UsageError("no model is named", "`edgekit models --all` lists all.")
    chosen: set[str] = set()
    for pattern in wanted:
        chosen |= matching(pattern, catalog) if any(mark in pattern for mark in GLOB) else {catalog.find(pattern).name}
    return [model for model in catalog.all_models if model.name in chosen]


def matching(pattern: str, catalog: Catalog) -> set[str]:
    """The names that a glob matches."""
    names = {model.name.casefold(): model.name for model in catalog.all_models}
    found = {name for folded, name in names.items() if fnmatchcase(folded, pattern.casefold())}
    if not found:
        plain = "".join(letter for letter in pattern.casefold() if letter not in "*?[]")
        near = [names[folded] for folded in get_close_matches(plain, names, n=3, cutoff=0.5)]
        hint = f"Did you mean {', '.join(near)}? " if near else ""
        raise UsageError(f'no model matches "{pattern}"', f"{hint}`edgekit models --all` lists all.")
    return found
