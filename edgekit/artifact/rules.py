"""By whose rules an artifact is judged: edgekit's, or those of the recipe that the command gives; never its own alone.

A manifest may come from anybody. What it brings of a tolerance can make its verdict stricter, and never softer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from edgekit.artifact.manifest import Manifest
from edgekit.parity import Tolerance
from edgekit.recipe.load import load_recipe, recipe_for
from edgekit.recipe.schema import VariantTolerance

PROJECT = "edgekit's"
ARTIFACT = "the artifact's own"


@dataclass(frozen=True)
class Rules:
    """What an artifact is allowed: its `tolerance`, and why parameters may stay unaccounted for.

    `whose` they are: edgekit's, the recipe's of this command by its path, or the artifact's own. In the last case
    `tolerance` is edgekit's, and `own` the artifact's: it passes where it keeps both. `of_variants` are limits
    of single variants in the place of `tolerance`.
    """

    tolerance: Tolerance
    whose: str = PROJECT
    own: Tolerance | None = None
    unaccounted: str = ""
    of_variants: tuple[VariantTolerance, ...] = ()

    def tolerance_of(self, variant: str, found: Mapping[str, Any]) -> Tolerance:
        """The limits of one variant, in whose files its runner found `found`."""
        for one in self.of_variants:
            if one.variant == variant and all(found.get(name) == value for name, value in one.where.items()):
                return one
        return self.tolerance


def rules_for(manifest: Manifest, recipe: Path | None = None) -> Rules:
    """The rules for an artifact; `recipe` is the one that this very command gives.

    Raises UsageError where that recipe cannot be read.
    """
    family = manifest.model.family
    if recipe is not None:
        given = load_recipe(recipe, family)
        special = given.variant_tolerances(manifest.target, manifest.precision)
        return Rules(given.tolerance(manifest.precision), f"{recipe}", None, given.unaccounted, special)
    project = recipe_for(family)
    usual = project.tolerance(manifest.precision)
    special = project.variant_tolerances(manifest.target, manifest.precision)
    own = manifest.recipe.tolerance if manifest.recipe else usual
    if limits_of(own) == limits_of(usual):
        return Rules(usual, unaccounted=project.unaccounted, of_variants=special)
    return Rules(usual, ARTIFACT, own, project.unaccounted, special)


def limits_of(tolerance: Tolerance) -> dict[str, float | None]:
    """The numbers of a tolerance, without its reason."""
    return {name: value for name, value in asdict(tolerance).items() if name != "reason"}
