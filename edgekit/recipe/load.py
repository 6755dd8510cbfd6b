"""Reads recipe files: a family's file on top of `default.toml`."""

import tomllib
from pathlib import Path
from typing import Any

from edgekit.bundled import bundled_folder
from edgekit.errors import UsageError
from edgekit.recipe.schema import Recipe

DEFAULT = "default.toml"


def recipe_for(family: str) -> Recipe:
    """The recipe of a family (`MixNet` -> `recipes/mixnet.toml`); the default one where it has none of its own."""
    folder = bundled_folder("recipes")
    path = folder / f"{family.lower()}.toml"
    return load_recipe(path if path.exists() else folder / DEFAULT)


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; what it does not say is taken from the default one.

    Tables are merged key by key, lists and values are replaced. Raises UsageError naming the file and the key.
    """
    import msgspec

    merged = read_toml(bundled_folder("recipes") / DEFAULT)
    if path.name != DEFAULT:
        merged = merge(merged, read_toml(path))
    try:
        return msgspec.convert(merged, Recipe)
    except msgspec.ValidationError as error:
        raise UsageError(f"the recipe {path} is not valid: {error}", "docs/recipes.md lists the keys.") from None


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary. Raises UsageError naming file and line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no recipe {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the recipe {path} is not TOML: {error}") from None


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`base` with `changes` over it, table by table; neither is changed."""
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = merge(base[key], value) if both else value
    return merged
