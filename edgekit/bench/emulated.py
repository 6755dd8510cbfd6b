"""What a benchmark can say of an emulated machine: whether its results are right, and what it takes of memory.

No latency: the emulator translates instructions one by one, and what that takes says nothing of a device. No count of
instructions either: the static QEMU that Debian packages takes no plugin, and has no counter of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest, VariantVerdict
from edgekit.artifact.rules import Rules
from edgekit.artifact.samples import few_samples, golden_samples, part_of, run_options, stored
from edgekit.devices.machine import Machine
from edgekit.errors import EdgekitError
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.pipeline.plan import Plan, reference_stage, run_stage
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.target import Target, Variant
from edgekit.reference.choose import PADDLE_CPU, Reference
from edgekit.verify import judge_variant, truth_of


@dataclass(frozen=True)
class EmulatedRun:
    """One variant of what was converted, on an emulated machine: its `run` on the `chosen` golden samples."""

    plan: Plan
    target: Target
    variant: Variant
    manifest: Manifest
    machine: Machine
    golden: GoldenFile
    chosen: tuple[int, ...] | None
    reference: Stage
    run: Stage

    @property
    def stages(self) -> list[Stage]:
        """What is to be run."""
        return [self.reference, self.run]

    def found(self, outcomes: Outcomes) -> VariantVerdict:
        """The verdict, as verification has it. Raises what the reference ended with."""
        truth = truth_of(self.manifest, outcomes.result(self.reference))
        recipe = self.plan.source.recipe
        return judge_variant(
            Artifact(Path(), self.manifest),
            self.variant,
            outcomes.by_key[self.run.key],
            Reference(PADDLE_CPU, truth.paddle),
            truth,
            self.golden,
            Rules(recipe.tolerance(self.plan.precision)),
            self.chosen,
        )

    def exit_status(self, outcomes: Outcomes, found: VariantVerdict) -> int:
        """That of the error which the run ended with, else 1 for a verdict that is not a pass."""
        outcome = outcomes.by_key[self.run.key]
        return outcome.exit_status if isinstance(outcome, EdgekitError) else int(not found.verdict.passed)


def emulated_runs(
    plan: Plan, target: Target, manifest: Manifest, executor: Executor, machines: Sequence[Machine | None]
) -> Iterator[EmulatedRun]:
    """The runs of what was converted on those of the machines that are emulated."""
    if not any(machines):
        return
    cache, notify = executor.store.cache, executor.store.notify
    described = Artifact(Path(), manifest)
    options = run_options(described)
    golden = stored(
        golden_samples(manifest.preprocessing, manifest.inputs[0].name, manifest.batch), cache, notify=notify
    )
    chosen = few_samples(manifest, golden)
    given = golden if chosen is None else part_of(golden, chosen, cache)
    program, conversion = StageFile(plan.program), plan.conversions[target.name]
    reference = reference_stage(
        program,
        manifest.model.name,
        golden,
        options["batch"],
        made_by=plan.program.worker,
        memory_bytes=conversion.memory_bytes,
        timed=False,
    )
    files = {role: SourceFile(Path(), "") for role in target.description.files}
    for machine in filter(None, machines):
        for variant in target.variants_on(machine, manifest.build):
            if variant.not_run:
                continue
            run = run_stage(target, variant, manifest.model.name, files, given, options, machine=machine)
            made = {role: StageFile(conversion, file) for role, file in variant.inputs.items()}
            run = replace(run, inputs={**run.inputs, **made}, memory_bytes=conversion.memory_bytes)
            yield EmulatedRun(plan, target, variant, manifest, machine, golden, chosen, reference, run)
