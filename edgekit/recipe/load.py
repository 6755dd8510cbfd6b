"""Reads recipe files: a family's file on top of `default.toml`."""

import difflib
import re
from pathlib import Path
from typing import Any

from msgspec import NODEFAULT
from msgspec.structs import fields

from edgekit.bundled import bundled_folder
from edgekit.errors import UsageError
from edgekit.parity import Tolerance
from edgekit.recipe.schema import Recipe, VariantTolerance
from edgekit.untrusted.files import read_text
from edgekit.untrusted.toml_document import LARGEST_BYTES, read_toml

DEFAULT = "default.toml"
SPEED, TOLERANCES = "speed_rewrites", "tolerances"


def recipe_for(family: str) -> Recipe:
    """The recipe of a family (`MixNet` -> `recipes/mixnet.toml`); the default one where it has none of its own."""
    return load_recipe(family_file(family) or bundled_folder("recipes") / DEFAULT)


def family_file(family: str) -> Path | None:
    """The file of a family's recipe, or None where it has none."""
    path = bundled_folder("recipes") / f"{family.lower()}.toml"
    return path if re.fullmatch(r"\w+", family) and path.exists() else None


def default_recipe() -> Recipe:
    """The recipe for what has none of its own."""
    return load_recipe(bundled_folder("recipes") / DEFAULT)


def load_recipe(path: Path, family: str = "") -> Recipe:
    """Read a recipe; what it does not say is taken from the recipe of its `family`, else from the default one.

    The family is the one that the file names, else `family`. Tables are merged key by key, lists and values are
    replaced, but for limits of variants: one takes the place of that for the same variant, precision and finding.
    Raises UsageError naming the file and the key.
    """
    import msgspec

    own = read_toml(path, "recipe")
    merged = read_toml(bundled_folder("recipes") / DEFAULT)
    below = family_file(str(own.get("family", family)))
    if below and below != path:
        merged = merge(merged, read_toml(below))
    merged = merge(merged, own)
    try:
        recipe = msgspec.convert(merged, Recipe)
    except msgspec.ValidationError as error:
        named = re.search(r"unknown field `(\w+)`", str(error)) or re.search(r"\.(\w+)[^.]*`$", str(error))
        raise UsageError(
            f"the recipe {place(path, named.group(1) if named else '')} is not valid: {error}",
            "docs/recipes.md lists the keys.",
        ) from None
    check_names(recipe, path)
    check_used(recipe, own, path)
    return recipe


def check_used(recipe: Recipe, own: dict[str, Any], path: Path) -> None:
    """Raise UsageError where a recipe's own preprocessing says what its kind of resizing does not use."""
    for key in own.get("preprocessing", {}):
        if getattr(recipe.preprocessing, key) is None:
            raise UsageError(
                f"the recipe {place(path, key)} says {key}, which resize = {recipe.preprocessing.resize} does not use",
                "Leave one of the two out; docs/preprocessing.md says which key belongs to which.",
            )


def check_names(recipe: Recipe, path: Path) -> None:
    """Raise UsageError, with near names, for a target or a rewrite that does not exist."""
    converters = bundled_folder("converters")
    for rewrite in recipe.program.rewrites:
        if rewrite.name not in (known := available_rewrites("paddle")):
            raise unknown("rewrite of programs", rewrite.name, known, path)
    known_targets = sorted(folder.parent.name for folder in converters.glob("*/target.toml"))
    for target, choice in recipe.targets.items():
        if target not in known_targets:
            raise unknown("target", target, known_targets, path)
        known = available_rewrites(target)
        for rewrite in choice.rewrites:
            if rewrite.name not in known:
                raise unknown(f"rewrite of {target}", rewrite.name, known, path)
        for rewrite in choice.speed:
            if rewrite.name not in (known := available_rewrites("paddle", SPEED)):
                raise unknown("rewrite for speed", rewrite.name, known, path)


def available_rewrites(folder: str, kind: str = "rewrites") -> list[str]:
    """The rewrites in a folder of `converters/`, by the names that recipes give them; `kind` is the folder within."""
    files = (bundled_folder("converters") / folder / kind).glob("*.py")
    return sorted(file.stem.replace("_", "-") for file in files if not file.stem.startswith("_"))


def unknown(kind: str, name: str, known: list[str], path: Path) -> UsageError:
    """The error for a name in a recipe that means nothing."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    listed = ", ".join(known) or "none"
    return UsageError(
        f"the recipe {place(path, name)} names {name}, and there is no such {kind}", f"{hint}There are: {listed}."
    )


def place(path: Path, word: str) -> str:
    """`path`, with the number of the first line that holds `word` where one does: `mine.toml:7`."""
    lines = read_text(path, LARGEST_BYTES, "recipe").splitlines()
    found = next((i for i, line in enumerate(lines, 1) if word and re.search(rf"\b{re.escape(word)}\b", line)), None)
    return f"{path}:{found}" if found else str(path)


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`base` with `changes` over it, table by table; neither is changed."""
    merged = dict(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = merge(base[key], value)
        elif key == TOLERANCES and is_tables(value) and is_tables(base.get(key)):
            said = [limited(one) for one in value]
            merged[key] = [*(one for one in base[key] if limited(one) not in said), *value]
        else:
            merged[key] = value
    return merged


def is_tables(value: object) -> bool:
    """Whether a value is a list of tables, as `[[...]]` makes one."""
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def limited(tolerance: dict[str, Any]) -> tuple[Any, ...]:
    """What the limits of a variant are for: what its table says beside the limits, or else the schema does."""
    beside = [one for one in fields(VariantTolerance) if one.name not in Tolerance.__struct_fields__]
    return tuple(
        tolerance.get(one.name, one.default if one.default_factory is NODEFAULT else one.default_factory())
        for one in beside
    )
