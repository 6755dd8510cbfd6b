"""By whose rules an artifact is judged: edgekit's, or those of the recipe that the command gives; never its own alone.

A manifest may come from anybody. What it brings of a tolerance can make its verdict stricter, and never softer.
"""

from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import asdict

from edgekit.artifact.manifest import Manifest
from edgekit.parity import Tolerance
from edgekit.recipe.load import load_recipe, recipe_for

PROJECT = "edgekit's"
ARTIFACT = "the artifact's own"


@dataclass(frozen=True)
class Rules:
    """What an artifact is allowed: its `tolerance`, and why parameters may stay unaccounted for.

    `whose` they are: edgekit's, the recipe's of this command by its path, or the artifact's own. In the last case
    `tolerance` is edgekit's, and `own` the artifact's: it passes where it keeps both.
    """

    tolerance: Tolerance
    whose: str = PROJECT
    own: Tolerance | None = None
    unaccounted: str = ""


def rules_for(manifest: Manifest, recipe: Path | None = None) -> Rules:
    """The rules for an artifact; `recipe` is the one that this very command gives.

    Raises UsageError where that recipe cannot be read.
    """
    family = manifest.model.family
    if recipe is not None:
        given = load_recipe(recipe, family)
        return Rules(given.tolerance(manifest.precision), f"{recipe}", unaccounted=given.unaccounted)
    project = recipe_for(family)
    usual = project.tolerance(manifest.precision)
    own = manifest.recipe.tolerance if manifest.recipe else usual
    if limits_of(own) == limits_of(usual):
        return Rules(usual, unaccounted=project.unaccounted)
    return Rules(usual, ARTIFACT, own, project.unaccounted)


def limits_of(tolerance: Tolerance) -> dict[str, float | None]:
    """The numbers of a tolerance, without its reason."""
    return {name: value for name, value in asdict(tolerance).items() if name != "reason"}
