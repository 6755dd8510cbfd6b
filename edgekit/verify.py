"""Verifies artifacts: each in its real runtime, against the FP32 reference and the float64 oracle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from edgekit.artifact.golden import write_golden
from edgekit.artifact.judged import changed_since
from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest, VariantVerdict
from edgekit.artifact.origin import program_folder_of
from edgekit.artifact.owned import check_golden
from edgekit.artifact.rules import Rules, rules_for
from edgekit.artifact.samples import (
    batch_of_calls,
    fed_file,
    few_samples,
    golden_file,
    part_of,
    run_options,
    samples_record,
)
from edgekit.data.disjoint import check_disjoint
from edgekit.devices.lite_library import LiteLibrary, check_machine
from edgekit.devices.machine import runs_nowhere
from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
from edgekit.errors import AbsentError, EdgekitError, SupersededError
from edgekit.inputs.photo_folder import PhotoFolder
from edgekit.ledger.verification import ledger_stages, with_ledger
from edgekit.native.device_runner import device_runner
from edgekit.native.lite_runner import lite_runner, runner_inputs
from edgekit.native.plan import network_layers
from edgekit.parity import Tolerance, Verdict
from edgekit.parity.judge import judge_outputs
from edgekit.parity.ranges import read_ranges, with_ranges
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.pipeline.memory import estimated_memory
from edgekit.pipeline.plan import ranges_stage, reference_stage, run_stage
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.stage import SourceFile, Stage
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Target, Variant, targets
from edgekit.reference.choose import Choice, Reference, Truth, choice
from edgekit.reference.match import Subject, program_hashes
from edgekit.report.conditions import numbers


@dataclass(frozen=True)
class Check:
    """What verification found of one variant of an artifact.

    `judged_by` is the reference; `reference` is Paddle's run on this machine, which is made in any case. `golden` are
    the inputs. `remembered` says that the run, with its latency, is an earlier one's. `discarded` is the reason where
    the artifact was changed meanwhile, so that there is no verdict on it, and `absent` where the device that it was to
    run on could not be had, which is no verdict either.
    """

    artifact: Artifact
    target: Target
    variant: Variant
    found: VariantVerdict
    reference: StageResult | None
    judged_by: Reference | None = None
    golden: GoldenFile | None = None
    remembered: bool = False
    discarded: SupersededError | None = None
    absent: AbsentError | None = None


@dataclass(frozen=True)
class Preparation:
    """The stages that verify one artifact: the reference on the golden inputs, and a run per variant."""

    artifact: Artifact
    target: Target
    golden: GoldenFile
    reference: Stage
    runs: dict[str, Stage]
    fed: GoldenFile
    """What the artifact itself is given: `golden`, or its 8-bit levels where the preprocessing is embedded."""
    ranges: Stage | None = None
    """What values the program's layers take on `golden`; only FP16 asks for them."""
    ledgers: Mapping[str, Stage] = field(default_factory=dict)
    """The account of each variant's parameters, where its files can be read."""
    machine: AnyMachine | None = None
    """The emulated one, or the device, that the runs are on."""
    chosen: tuple[int, ...] | None = None
    """The golden samples that the artifact itself is run on, where those are not all."""
    runner: Stage | None = None
    """The program that runs a variant on it, where that is not a worker."""

    @property
    def stages(self) -> list[Stage]:
        """All that is to be run."""
        ranges = [self.ranges] if self.ranges else []
        return [self.reference, *self.runs.values(), *ranges, *self.ledgers.values()]

    @property
    def passing(self) -> list[Stage]:
        """Those that are made for one call alone: what ran on a device."""
        return [stage for stage in self.runs.values() if isinstance(stage.machine, RemoteMachine)]

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Those that are run or inspected, as this machine, the emulated one or the device can do them."""
        build = self.artifact.manifest.build
        return self.target.variants_on(self.machine, build, with_library=self.runner is not None)


def verify(
    artifacts: Sequence[Artifact],
    executor: Executor,
    against: Choice | None = None,
    own: PhotoFolder | None = None,
    recipe: Path | None = None,
    machines: Sequence[AnyMachine | None] = (None,),
    library: LiteLibrary | None = None,
) -> list[Check]:
    """Run every variant of every artifact on the golden inputs and judge it; verdicts go into the manifests.

    A signed manifest stays as it is. `against` is the reference asked for; by default the best fitting GPU bundle at
    hand, else Paddle here. With `own` photos, they are the golden inputs. `recipe` gives the rules that judge; without
    it edgekit's do. `machines` are those that the artifacts run on, None this one; `library` is the user's own Paddle
    Lite for the emulated ones. Raises AbsentError where a program that an artifact was made from is no longer in the
    cache, or where nothing ran since no device was to be had, what `Choice.check` raises, and what the reference ends
    with. A runner that fails makes a `failed` verdict, not an exception. A verdict on an artifact that was changed
    meanwhile is discarded, and its check says so.
    """
    against = against or choice("auto", require_gpu=False, cache=executor.store.cache)
    for artifact in artifacts:
        rules_for(artifact.manifest, recipe)  # what cannot be is said before minutes are spent
        if own is not None and (calibration := artifact.manifest.calibration) is not None:
            check_disjoint(calibration.photos, {one.name: one.sha256 for one in own.photos}, "to verify")
    prepared = [
        [
            prepare(
                artifact, executor, own=own, machine=machine, runner=runner_on(machine, artifact, library, executor)
            )
            for machine in machines
        ]
        for artifact in artifacts
    ]
    for one, *_ in prepared:
        against.check(subject_of(one))
    for at, machine in enumerate(machines):
        check_runs(machine, [ready[at] for ready in prepared])
    everything = [one for ready in prepared for one in ready]
    try:
        outcomes = executor.run(stage for one in everything for stage in one.stages)
        return judge_all(prepared, outcomes, against, recipe)
    finally:
        for stage in (stage for one in everything for stage in one.passing):
            executor.store.forget(stage)


def judge_all(
    prepared: Sequence[Sequence[Preparation]], outcomes: Outcomes, against: Choice, recipe: Path | None
) -> list[Check]:
    """Judge every artifact, each on its machines. Raises as `verify`."""
    for runner in filter(None, (one.runner for ready in prepared for one in ready)):
        # Where it cannot be built, that is no artifact's fault; where no run had need of it, it was not asked for.
        if runner.key in outcomes.by_key:
            outcomes.result(runner)
    checks: list[Check] = []
    for ready in prepared:
        try:
            checks += judge_artifact(ready, outcomes, against, recipe)
        except EdgekitError:
            # Whatever it ended with: where the artifact is another one by now, that is why.
            if (error := changed_since(ready[0].artifact)) is None:
                raise
            checks += discarded(ready[0], error)
    away = [check.absent for check in checks if check.absent is not None]
    if away and not any(check.absent is None and not check.variant.not_run for check in checks):
        raise away[0]
    return checks


def runner_on(
    machine: AnyMachine | None, artifact: Artifact, library: LiteLibrary | None, executor: Executor
) -> Stage | None:
    """The program that runs an artifact on a machine, in the place of a worker; None where there is none.

    That is one with the user's own library on an emulated machine, one with the artifact's layers on a device. Raises
    UsageError where the library is for another processor, AbsentError where no compiler is here.
    """
    target, manifest = targets()[artifact.manifest.target], artifact.manifest
    if isinstance(machine, RemoteMachine):
        if not any(one.hosted for one in target.variants_on(machine, manifest.build)):
            return None
        return device_runner(machine, network_layers(artifact, executor), manifest.precision, executor)
    if machine is None or library is None or not any(one.with_library(machine).hosted for one in target.variants):
        return None
    check_machine(library, machine)
    return lite_runner(library)


def check_runs(machine: AnyMachine | None, prepared: Sequence[Preparation]) -> None:
    """Raise UsageError where nothing of all that was asked for runs on another machine: that is no verification."""
    if machine is not None and all(variant.not_run for one in prepared for variant in one.variants):
        raise runs_nowhere((one.target.name for one in prepared), machine)


def discarded(prepared: Preparation, error: SupersededError) -> list[Check]:
    """The checks of an artifact that is not there any more as it was judged: not run, with the reason."""
    artifact, target = prepared.artifact, prepared.target
    verdict = Verdict.not_run(str(error).rstrip("."), "nothing", artifact.manifest.precision)
    return [
        Check(artifact, target, variant, VariantVerdict(variant.name, verdict), None, discarded=error)
        for variant in prepared.variants
    ]


def prepare(
    artifact: Artifact,
    executor: Executor,
    *,
    timed: bool = True,
    own: PhotoFolder | None = None,
    machine: AnyMachine | None = None,
    few: bool = False,
    runner: Stage | None = None,
) -> Preparation:
    """Plan the verification of one artifact; without `timed`, runs take one core each and no latency is measured.

    With `few` it is run on those golden samples alone that travel with it; reference and oracle always see all, and
    so set the same limits. `runner` runs what needs the user's own library on `machine`.
    Raises UsageError where a file of somebody else lies where its golden inputs belong, and AbsentError as `verify`.
    """
    check_golden(artifact.folder)
    manifest = artifact.manifest
    target = targets()[manifest.target]
    golden = golden_file(artifact, executor.store.cache, own, executor.store.notify)
    fed = fed_file(artifact, executor.store.cache, golden)
    program = SourceFile(program_folder_of(manifest, executor.store.root), manifest.program_key)
    files, options = artifact.by_role(), run_options(artifact)
    memory = estimated_memory(max(record.bytes for record in manifest.files.values()))
    variants = target.variants_on(machine, manifest.build, with_library=runner is not None)
    beside = runner_inputs(artifact, runner, executor.store.cache) if runner else None
    chosen = few_samples(manifest, golden) if few else None
    given = fed if chosen is None else part_of(fed, chosen, executor.store.cache)
    return Preparation(
        artifact,
        target,
        golden,
        reference_stage(
            program,
            manifest.model.name,
            golden,
            batch_of_calls(manifest),
            made_by=manifest.stages[0].stage,
            memory_bytes=memory,
            timed=timed,
        ),
        {
            variant.name: run_stage(
                target,
                variant,
                manifest.model.name,
                files,
                given,
                options,
                memory_bytes=memory,
                timed=timed,
                machine=machine,
                beside=beside,
            )
            for variant in variants
        },
        fed,
        ranges_stage(
            program,
            manifest.model.name,
            golden,
            batch_of_calls(manifest),
            made_by=manifest.stages[0].stage,
            memory_bytes=memory,
        )
        if manifest.precision == "fp16"
        else None,
        ledger_stages(artifact, target, executor.store.root),
        machine,
        chosen,
        runner,
    )


def subject_of(prepared: Preparation) -> Subject:
    """What an artifact must have in common with a reference."""
    manifest, program = prepared.artifact.manifest, prepared.reference.inputs["program"]
    assert isinstance(program, SourceFile)  # as `prepare` makes it
    graph_sha256, parameters_sha256 = program_hashes(program.path)
    return Subject(
        model=manifest.model.name,
        architecture=manifest.model.architecture,
        class_count=manifest.outputs[0].shape[1],
        input_size=manifest.preprocessing.input_size,
        batch=manifest.batch,
        weights_spec=manifest.weights.spec,
        weights_sha256=manifest.weights.sha256,
        graph_sha256=graph_sha256,
        parameters_sha256=parameters_sha256,
        samples_sha256=prepared.golden.sha256,
        sample_count=len(prepared.golden.labels),
        precision=manifest.precision,
        named_network=manifest.weights.kind != "program",
    )


def judge_artifact(
    prepared: Sequence[Preparation], outcomes: Outcomes, against: Choice | None = None, recipe: Path | None = None
) -> list[Check]:
    """Judge each variant on each machine, and write the verdicts into the artifact's manifest.

    `prepared` are of one artifact and not empty. Without `against`, Paddle here is the reference. Raises
    SupersededError, with nothing written, where the artifact is no longer the one that was prepared.
    """
    truth = outcomes.result(prepared[0].reference)
    rules = rules_for(prepared[0].artifact.manifest, recipe)
    judged_by, here = chosen_reference(prepared[0], truth, against or Choice("paddle-cpu"), rules)
    judged = [check for one in prepared for check in judge_on_machine(one, outcomes, rules, truth, judged_by, here)]
    # What is only inspected is inspected here, once for all machines.
    checks = list({(check.variant.name, check.found.machine): check for check in judged}.values())
    keep_verdicts(prepared[0], tuple(check.found for check in checks if check.absent is None), here)
    return checks


def judge_on_machine(
    prepared: Preparation, outcomes: Outcomes, rules: Rules, truth: StageResult, judged_by: Reference, here: Truth
) -> list[Check]:
    """Judge each variant of an artifact on one machine."""
    checks = []
    for variant in prepared.variants:
        outcome = outcomes.by_key[prepared.runs[variant.name].key]
        if isinstance(prepared.machine, RemoteMachine) and isinstance(outcome, AbsentError):
            checks.append(unreached(prepared, prepared.machine, variant, outcome, judged_by))
            continue
        found = judge_variant(
            prepared.artifact, variant, outcome, judged_by, here, prepared.golden, rules, prepared.chosen
        )
        if prepared.ranges:
            found = judge_ranges(found, outcomes.by_key[prepared.ranges.key])
        ledger = prepared.ledgers.get(variant.name)
        found = with_ledger(found, outcomes.by_key[ledger.key] if ledger else None, rules.unaccounted)
        found = replace(found, tolerance=rules.whose)
        if prepared.machine and not variant.not_run:
            found = replace(found, machine=prepared.machine.name, device=prepared.machine.title)
        checks.append(
            Check(
                prepared.artifact,
                prepared.target,
                variant,
                found,
                truth,
                judged_by,
                prepared.golden,
                remembered=isinstance(outcome, StageResult) and outcome.cached,
            )
        )
    return checks


def unreached(
    prepared: Preparation, machine: RemoteMachine, variant: Variant, error: AbsentError, judged_by: Reference
) -> Check:
    """The check of what did not run since its device was not to be had: that says nothing of the artifact."""
    verdict = Verdict.not_run(str(error).rstrip("."), judged_by.name, prepared.artifact.manifest.precision)
    found = VariantVerdict(variant.name, verdict, machine=machine.name, device=machine.title)
    return Check(prepared.artifact, prepared.target, variant, found, None, judged_by, prepared.golden, absent=error)


def keep_verdicts(prepared: Preparation, verdicts: tuple[VariantVerdict, ...], here: Truth) -> None:
    """Write verdicts into an artifact's manifest, and golden inputs with the oracle's outputs beside it.

    Verdicts of other machines stay where they are of the same golden inputs. Raises SupersededError where it is no
    longer the artifact that was judged.
    """
    from safetensors.numpy import load_file

    golden, manifest = prepared.golden, prepared.artifact.manifest
    samples = samples_record(golden)
    earlier = manifest.verdicts if manifest.samples == samples else ()
    by_machine = {(one.variant, one.machine): one for one in (*earlier, *verdicts)}
    manifest = replace(manifest, verdicts=tuple(by_machine.values()), samples=samples)
    inputs = load_file(prepared.fed.path)
    artifact = prepared.artifact
    write_golden(artifact.folder, manifest, inputs, here.oracle, golden.labels, golden.kinds, judged=artifact)


def chosen_reference(
    prepared: Preparation, truth: StageResult, against: Choice, rules: Rules
) -> tuple[Reference, Truth]:
    """The reference for an artifact, and what Paddle computed here."""
    here = truth_of(prepared.artifact.manifest, truth)
    return against.of(subject_of(prepared), here, rules.tolerance), here


def truth_of(manifest: Manifest, result: StageResult) -> Truth:
    """What Paddle computed here, by the reference's stage."""
    from safetensors.numpy import load_file

    return Truth(
        load_file(result.folder / "reference.safetensors"),
        load_file(result.folder / "oracle.safetensors"),
        {spec.name: spec.kind for spec in manifest.outputs if spec.kind != "image"},
    )


def judge_variant(
    artifact: Artifact,
    variant: Variant,
    outcome: StageResult | EdgekitError,
    judged_by: Reference,
    truth: Truth,
    golden: GoldenFile,
    rules: Rules,
    chosen: Sequence[int] | None = None,
) -> VariantVerdict:
    """The verdict on what a run gave, or on its failure, or on an inspection.

    `chosen` are the golden samples that it was run on, where those are not all.
    """
    precision = artifact.manifest.precision
    if isinstance(outcome, EdgekitError):
        return VariantVerdict(variant.name, Verdict("failed", judged_by.name, precision, str(outcome)))
    if variant.not_run:
        return judge_inspection(variant, outcome, precision)
    if judged_by.unusable:
        return VariantVerdict(variant.name, Verdict("failed", judged_by.name, precision, judged_by.unusable))
    from safetensors.numpy import load_file

    outputs = load_file(outcome.folder / "outputs.safetensors")

    def by(tolerance: Tolerance) -> Verdict:
        return judge_outputs(
            outputs,
            judged_by.outputs,
            truth.oracle,
            judged_by.tolerance(tolerance),
            precision,
            golden.labels,
            truth.kinds,
            judged_against=judged_by.name,
            kinds=golden.kinds,
            yardstick=judged_by.yardstick(truth),
            thresholds=thresholds_of(artifact.manifest),
            sigmoid_error=targets()[artifact.manifest.target].description.sigmoid_error,
            chosen=chosen,
        )

    allowed = rules.tolerance_of(variant.name, outcome.details.get("found", {}))
    verdict = by(allowed)
    if allowed is not rules.tolerance:
        verdict = replace(verdict, warnings=(*verdict.warnings, f"it has limits of its own: {allowed.reason}"))
    verdict = replace(verdict, warnings=(*verdict.warnings, *outcome.details.get("warnings", ())))
    if rules.own is not None:
        verdict = with_own(verdict, by(rules.own))
    details = outcome.details
    # Floats as a manifest's are when it is read: else writing one back that was read would change it.
    latency = (
        {name: float(value) for name, value in numbers(details["latency"]).items()} if details["latency"] else None
    )
    return VariantVerdict(variant.name, verdict, latency, outcome.peak_memory_bytes, device=details.get("device"))


def thresholds_of(manifest: Manifest) -> dict[str, tuple[float, ...]]:
    """The thresholds of each output's labels."""
    return {spec.name: spec.thresholds for spec in manifest.outputs}


def judge_ranges(found: VariantVerdict, outcome: StageResult | EdgekitError) -> VariantVerdict:
    """The verdict on an FP16 variant once it is known what values the program's layers take."""
    if isinstance(outcome, EdgekitError):
        unknown = f"whether its layers stay within FP16 is not known: {outcome}"
        verdict = replace(found.verdict, warnings=(*found.verdict.warnings, unknown))
    else:
        verdict = with_ranges(found.verdict, read_ranges(outcome.folder / "ranges.json"))
    return replace(found, verdict=verdict)


def with_own(verdict: Verdict, own: Verdict) -> Verdict:
    """The verdict by edgekit's tolerance, where the artifact's own comes to another."""
    if verdict.passed and not own.passed:
        return replace(own, reason=f"by the artifact's own tolerance, stricter than edgekit's: {own.reason}")
    if own.passed and not verdict.passed:
        said = "the tolerance that the artifact brings would let it pass, and counts only where --recipe gives it"
        return replace(verdict, reason=f"{verdict.reason}; {said}")
    return verdict


def judge_inspection(variant: Variant, outcome: StageResult, precision: Precision) -> VariantVerdict:
    """A file that cannot run here: failed where the inspection found a fault, else `not run` with the reason."""
    found = outcome.details
    beside = found.get("judged_against", "its twin for this machine")
    if found["agrees"]:
        verdict = Verdict.not_run(f"{variant.not_run}; {found['summary']}", beside, precision)
    else:
        verdict = Verdict("failed", beside, precision, "; ".join(found["differences"]))
    return VariantVerdict(variant.name, verdict, inspection=found["summary"])
