"""Which rewrite mends it: those that the recipe leaves out are tried, one at a time, then all together."""

from collections.abc import Callable

from edgekit.diagnose.graph import Layer
from edgekit.diagnose.inside import Laboratory
from edgekit.diagnose.judge import Judge, largest_error
from edgekit.diagnose.report import CureReport
from edgekit.diagnose.steps import Step, conversion_of, rewrites_of, rewriting, with_rewrites
from edgekit.diagnose.subject import Subject
from edgekit.errors import EdgekitError
from edgekit.pipeline.plan import Plan
from edgekit.pipeline.stage import Stage
from edgekit.pipeline.store import StageResult
from edgekit.recipe.load import available_rewrites
from edgekit.recipe.schema import Recipe

AsStep = Callable[[Stage, StageResult], Step]


def in_order(names: list[str], recipe: Recipe, target: str) -> tuple[str, ...]:
    """`names` as the family's recipe orders them, what it does not name last: the order of rewrites counts."""
    chosen = recipe.targets.get(target)
    order = [one.name for one in chosen.rewrites] if chosen else []
    return tuple(sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name)))


class Pharmacy:
    """Tries rewrites on the whole conversion. `as_step` makes what can be run of a conversion and its result."""

    def __init__(self, subject: Subject, judge: Judge, laboratory: Laboratory, as_step: AsStep) -> None:
        self.target, self.plan, self.family = subject.target, subject.plan, subject.family
        self.judge, self.laboratory, self.as_step = judge, laboratory, as_step

    def cures(self, guilty: Layer | None) -> list[CureReport]:
        """What each unused rewrite does; those that mend it come first. `guilty` is of the graph that is rewritten."""
        used = list(rewrites_of(self.plan, self.target.name))
        unused = [name for name in available_rewrites(self.target.name) if name not in used]
        before = self.changed(used) if unused else set()
        found = []
        for name in unused:
            places, at_layer, reason = self.places([*used, name], name, before, guilty)
            if places or reason:
                found.append(self.tried([*used, name], name, places, at_layer, reason))
        fitting = [one.rewrite for one in found if one.places]
        if len(fitting) > 1 and not any(one.mends for one in found):
            title = " and ".join(in_order(fitting, self.family, self.target.name))
            found.append(self.tried([*used, *fitting], title, sum(one.places for one in found), True, ""))
        return sorted(found, key=lambda one: not one.mends)

    def told(self, names: list[str]) -> Plan:
        """The plan with the rewrites `names`, in the order that the family's recipe gives them."""
        return with_rewrites(self.plan, self.target.name, in_order(names, self.family, self.target.name))

    def rewritten(self, names: list[str]) -> StageResult | None:
        """What the rewrites alone do; None where no worker says. Raises what it ends with."""
        stage = rewriting(self.told(names), self.target)
        return self.laboratory.run([stage])[0] if stage else None

    def changed(self, names: list[str]) -> set[str]:
        """The values that the rewrites `names` compute in another way."""
        try:
            result = self.rewritten(names)
        except EdgekitError:
            return set()  # the graph cannot be rewritten at all, which the conversion's own error says
        return set(result.details["changed"]) if result else set()

    def places(self, names: list[str], name: str, before: set[str], guilty: Layer | None) -> tuple[int, bool, str]:
        """How many places a rewrite changes, whether the guilty layer is among them, and why it refused any."""
        try:
            result = self.rewritten(names)
        except EdgekitError as error:
            return 0, False, error.message
        if result is None:
            return 1, False, ""
        report = next(one for one in result.details["rewrites"] if one["name"] == name)
        touched = set(result.details["changed"]) - before
        at_layer = guilty is not None and not touched.isdisjoint(guilty.outputs)
        return report["applied"], at_layer, "; ".join(report["refused"][:1])

    def tried(self, names: list[str], title: str, places: int, at_layer: bool, reason: str) -> CureReport:
        """Convert with the rewrites `names`, run and judge."""
        key = f"targets.{self.target.name}.rewrites"
        if not places:
            return CureReport(title, False, 0, recipe_key=key, reason=reason)
        stage = conversion_of(self.told(names), self.target)
        try:
            (made,) = self.laboratory.run([stage])
            step = self.as_step(stage, made)
            (ran,) = self.laboratory.run([step.run(self.judge.golden, self.laboratory.memory_bytes)])
        except EdgekitError as error:
            return CureReport(title, False, places, None, key, at_layer, error.message)
        verdict = self.judge.verdict(ran.folder / step.outputs_file, own_precision=True)
        error, _ = largest_error(verdict)
        return CureReport(title, verdict.passed, places, error, key, at_layer, verdict.reason)
