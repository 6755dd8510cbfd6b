"""The ledger in a diagnosis: what is stored that does not come from the program, and the layer that reads it."""

from dataclasses import dataclass

from edgekit.diagnose.inside import Laboratory
from edgekit.diagnose.report import LayerReport, StepReport
from edgekit.diagnose.subject import Subject
from edgekit.errors import EdgekitError
from edgekit.ledger.ledger import Ledger
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Variant
from edgekit.recipe.load import recipe_for
from edgekit.verification.ledger import ledger_stages, shortfall

ACCOUNT = "ledger"


@dataclass(frozen=True)
class Unaccounted:
    """A row for the table of steps, whose reason says what is lacking, and the layer, where one stores it."""

    row: StepReport
    layer: LayerReport | None


def unaccounted(subject: Subject, variant: Variant, laboratory: Laboratory) -> Unaccounted | None:
    """What makes the verdict on an artifact fail though it computes the right thing.

    None where everything is accounted for, where the recipe excuses what is not, and where nothing can be read.
    """
    if subject.artifact is None:
        return None
    stage = ledger_stages(subject.artifact, subject.target, laboratory.executor.store.root).get(variant.name)
    if stage is None:
        return None
    outcome: StageResult | EdgekitError
    try:
        (outcome,) = laboratory.run([stage])
    except EdgekitError as error:
        outcome = error
    # As verification has it: what a user's own recipe says of accounts is not asked.
    said, fails = shortfall(outcome, recipe_for(subject.manifest.model.family).unaccounted)
    if not fails:
        return None
    title = " ".join(filter(None, (subject.target.description.title, variant.name, "parameters")))
    row = StepReport(ACCOUNT, title, "", "guilty", reason=said)
    return Unaccounted(row, None if isinstance(outcome, EdgekitError) else changed_layer(Ledger.of(outcome.details)))


def changed_layer(ledger: Ledger) -> LayerReport | None:
    """The layer that reads the first tensor that is not accounted for; None where parameters are only missing."""
    if not ledger.unexplained:
        return None
    first = ledger.unexplained[0]
    kind, _, name = first.layer.partition(" ")
    return LayerReport(name, kind, {}, (), (), stands_for=first.nearest, changed_parameters=(first.name,))
