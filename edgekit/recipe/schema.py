"""What a recipe file may say. Unknown keys are errors: a misspelt key must not be a silent default."""

from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct, field

from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity import Tolerance


class RewriteChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """One rewrite to apply, by its name, and why.

    It lies under `converters/<target>/rewrites/`; one of the program under `converters/paddle/rewrites/`.
    """

    name: str
    reason: str


class SpeedChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """One rewrite for speed, by its name, and the measurement because of which it is on for the target.

    It lies under `converters/paddle/speed_rewrites/`. `machines` are the instruction sets, as `convert --for`
    takes them, on which it was measured to pay; empty for every one. `models` are globs over the family's models.
    """

    name: str
    reason: str
    machines: tuple[str, ...] = ()
    models: tuple[str, ...] = ("*",)

    def covers(self, model: str, machine: str) -> bool:
        """Whether it is on for a model of that name, for a machine of that instruction set."""
        return self.concerns(model) and (not self.machines or machine in self.machines)

    def concerns(self, model: str) -> bool:
        """Whether it is on for a model of that name on any machine."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)


class FloatChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """Layers that INT8 leaves in floating point on one target, and the figures because of which they are.

    `layers` are their names in the FP32 files. `models` are globs over the family's models.
    """

    layers: tuple[str, ...]
    reason: str
    models: tuple[str, ...] = ("*",)

    def covers(self, model: str) -> bool:
        """Whether it is about a model of that name."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)


class ExpectedFailure(Struct, frozen=True, forbid_unknown_fields=True):
    """A failure that is known, and why. Strict: what starts to pass in spite of it is reported.

    `models` are globs over the family's models, all of them where there is none, and `precisions` those that it is
    about, each of them where there is none. `stage` (such as `ncnn/convert`, or `parity`) is where it fails; a failure
    elsewhere is not the expected one.
    """

    reason: str
    models: tuple[str, ...] = ("*",)
    precisions: tuple[str, ...] = ()
    stage: str | None = None

    def covers(self, model: str, precision: str = "fp32") -> bool:
        """Whether it is about a model of that name in a precision."""
        return any(fnmatchcase(model, pattern) for pattern in self.models) and (
            not self.precisions or precision in self.precisions
        )


class VariantTolerance(Tolerance, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one variant of a target is allowed at a precision, in the place of the usual limits.

    `where` says of which files, by what their runner found in them; of all where it is empty.
    """

    variant: str
    precision: str = "fp32"
    where: dict[str, str] = field(default_factory=dict)


class TargetRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """How one target is reached: rewrites in order, options for the converter (such as `opset`), known failures.

    `tolerances` are of variants that need other limits than the model has elsewhere. `lowered` are options, by
    precision, for what makes that precision of the FP32 files; the reason is the recipe's comment beside them.
    `speed` are rewrites of the program that make this target faster, in order. `keep_float` are layers that INT8 leaves
    as they are.
    """

    rewrites: tuple[RewriteChoice, ...] = ()
    speed: tuple[SpeedChoice, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    expected_failures: tuple[ExpectedFailure, ...] = ()
    tolerances: tuple[VariantTolerance, ...] = ()
    lowered: dict[str, dict[str, Any]] = field(default_factory=dict)
    keep_float: tuple[FloatChoice, ...] = ()


class ProgramRecipe(Struct, frozen=True, forbid_unknown_fields=True):
    """What is done to the Paddle program before any target gets it: rewrites in order."""

    rewrites: tuple[RewriteChoice, ...] = ()


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    """One family's recipe. `preprocessing` is for an input of 224 px; `tolerances` are by precision.

    `unaccounted` is the reason why numbers in layers' descriptions that the ledger cannot explain are a warning;
    without one they fail, as stored tensors do in any case.
    """

    family: str
    summary: str
    preprocessing: Preprocessing
    targets: dict[str, TargetRecipe]
    program: ProgramRecipe = ProgramRecipe()
    tolerances: dict[str, Tolerance] = field(default_factory=dict)
    unaccounted: str = ""

    def expected_failure(self, target: str, model: str, precision: str = "fp32") -> ExpectedFailure | None:
        """The first known failure of a model on a target in a precision, or None where it is to pass."""
        known = self.targets.get(target, TargetRecipe()).expected_failures
        return next((one for one in known if one.covers(model, precision)), None)

    def tolerance(self, precision: str) -> Tolerance:
        """What this recipe allows at a precision; the usual limits where it says nothing."""
        return self.tolerances.get(precision, Tolerance())

    def variant_tolerances(self, target: str, precision: str) -> tuple[VariantTolerance, ...]:
        """Those of a target's variants that have limits of their own at a precision."""
        chosen = self.targets.get(target, TargetRecipe())
        return tuple(one for one in chosen.tolerances if one.precision == precision)
