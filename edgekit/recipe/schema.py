"""What a recipe file may say. Unknown keys are errors: a misspelt key must not be a silent default."""

from typing import Any

from msgspec import Struct, field

from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity import Tolerance


class RewriteChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """One rewrite to apply, by the name it has under `converters/<target>/rewrites/`, and why."""

    name: str
    reason: str


class TargetRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """How one target is reached: rewrites in order, and options for the converter (such as `opset`)."""

    rewrites: tuple[RewriteChoice, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    """One family's recipe. `preprocessing` is for an input of 224 px; `tolerances` are by precision."""

    family: str
    summary: str
    preprocessing: Preprocessing
    targets: dict[str, TargetRecipe]
    tolerances: dict[str, Tolerance] = field(default_factory=dict)

    def tolerance(self, precision: str) -> Tolerance:
        """What this recipe allows at a precision; the usual limits where it says nothing."""
        return self.tolerances.get(precision, Tolerance())
