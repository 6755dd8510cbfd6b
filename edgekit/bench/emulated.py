"""What a benchmark can say of another machine: whether its results are right, and what it takes of memory.

Of a device that is reached it says the latency too, which is that device's own. Of an emulated machine no latency: the
emulator translates instructions one by one, and what that takes says nothing of a device. No count of instructions
either: the static QEMU that Debian packages takes no plugin, and has no counter of its own (a whole board has:
`benchmarks/instructions.py`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest, VariantVerdict
from edgekit.artifact.rules import Rules
from edgekit.artifact.samples import few_samples, golden_samples, part_of, run_options, stored
from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
from edgekit.errors import AbsentError, EdgekitError
from edgekit.native.device_runner import device_runner
from edgekit.native.lite_runner import runner_inputs
from edgekit.native.plan import Layers
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.pipeline.plan import Plan
from edgekit.pipeline.runs import reference_stage, run_stage
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.target import Target, Variant
from edgekit.reference.choose import PADDLE_CPU, Reference
from edgekit.verification.judge import judge_variant, truth_of


@dataclass(frozen=True)
class EmulatedRun:
    """One variant of what was converted, on another machine: its `run` on the `chosen` golden samples."""

    plan: Plan
    target: Target
    variant: Variant
    manifest: Manifest
    machine: AnyMachine
    golden: GoldenFile
    chosen: tuple[int, ...] | None
    reference: Stage
    run: Stage

    @property
    def is_timed(self) -> bool:
        """Whether it is on a device, and made for one call alone."""
        return isinstance(self.machine, RemoteMachine)

    def absent(self, outcomes: Outcomes) -> AbsentError | None:
        """Why the device was not to be had, where that is so."""
        outcome = outcomes.by_key[self.run.key]
        return outcome if self.is_timed and isinstance(outcome, AbsentError) else None

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
    plan: Plan,
    target: Target,
    manifest: Manifest,
    executor: Executor,
    machines: Sequence[AnyMachine | None],
    layers: Layers | None = None,
    timed: Callable[[RemoteMachine], Mapping[str, Any]] | None = None,
) -> Iterator[EmulatedRun]:
    """The runs of what was converted on those of the machines that are not this one.

    On devices they are timed as the options of `timed` say, by runners that are built with the network's `layers`.
    """
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
            beside = None
            if isinstance(machine, RemoteMachine):
                assert layers is not None  # whoever asks for devices has looked for them
                runner = device_runner(machine, layers, plan.precision, executor)
                beside = runner_inputs(described, runner, cache)
            run = run_stage(target, variant, manifest.model.name, files, given, options, machine=machine, beside=beside)
            if isinstance(machine, RemoteMachine):
                run = replace(run, options={**run.options, **(timed(machine) if timed else {})})
            made = {role: StageFile(conversion, file) for role, file in variant.inputs.items()}
            memory = 0 if isinstance(machine, RemoteMachine) else conversion.memory_bytes
            run = replace(run, inputs={**run.inputs, **made}, memory_bytes=memory)
            yield EmulatedRun(plan, target, variant, manifest, machine, golden, chosen, reference, run)
