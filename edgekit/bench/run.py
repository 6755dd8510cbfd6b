"""Converts models at each batch and times them: every timed run has the machine to itself, and none is taken from
the cache. What another machine computes is judged, and timed where it is a device and not emulated.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest
from edgekit.artifact.owned import ARTIFACT
from edgekit.artifact.rules import Rules
from edgekit.artifact.samples import batch_of_calls, golden_samples, run_options, stored
from edgekit.bench.emulated import EmulatedRun, emulated_runs
from edgekit.bench.row import OTHER_HARDWARE, PublishedTimes, Report, Row
from edgekit.bench.validity import conditions_of
from edgekit.calibration.prepare import calibrated_program
from edgekit.conversion.manifest import planned_manifest
from edgekit.conversion.write import write_conversion
from edgekit.devices.machine import runs_nowhere
from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
from edgekit.devices.remote_worker import system_texts
from edgekit.devices.system_state import PATTERNS, MachineState, chosen_cores, state_here, state_of
from edgekit.errors import AbsentError, ConversionError, EdgekitError, UsageError
from edgekit.filesystem.owned import check_kind
from edgekit.native.plan import PARAM, layers_stage
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Executor, Job, Outcomes
from edgekit.pipeline.plan import Plan, conversions_of, plan_conversion
from edgekit.pipeline.program import program_stage
from edgekit.pipeline.runs import reference_stage, run_stage
from edgekit.pipeline.source import CatalogSource, GoldenFile, ModelSource
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Target, Variant
from edgekit.quantities.conditions import numbers
from edgekit.reference.choose import PADDLE_CPU, Reference
from edgekit.reference.device import cpu_name
from edgekit.verification.judge import judge_variant, truth_of

BLOCKS = 32
"""Parts of a run whose p50 are kept: enough for an interval, and few enough to mail."""
MOST_SECONDS = 1200.0
"""Of a measurement that is to be valid: a call of a second makes 1,024 in 17 minutes."""


@dataclass(frozen=True)
class Timing:
    """How to time: calls before it starts, calls that count, at most so many seconds; on `threads` of the machine.

    At least `least_seconds` are over in the end. `quick` says that it was asked to be short, and `sustained` that it is
    to be long. `cores` are the processors to time on, by their kind or their numbers (`chosen_cores`); none for all.
    """

    warmup: int = 5
    repeats: int = 50
    seconds: float = 10.0
    threads: int = 2
    least_seconds: float = 0.0
    quick: bool = False
    sustained: bool = False
    cores: str = ""

    @property
    def of_runs(self) -> dict[str, Any]:
        """The option `latency` of a run."""
        return {"warmup": self.warmup, "repeats": self.repeats, "seconds": self.seconds}

    @property
    def of_bench(self) -> dict[str, Any]:
        """The same with what tells whether it stayed the same, and under which conditions."""
        lasting = {"least_seconds": self.least_seconds} if self.least_seconds else {}
        return {**self.of_runs, **lasting, "blocks": BLOCKS, "files": list(PATTERNS)}


@dataclass(frozen=True)
class Entry:
    """One model on one target at one batch."""

    plan: Plan
    target: Target
    batch: int

    @property
    def conversion(self) -> Stage:
        """The stage that makes the files."""
        return self.plan.conversions[self.target.name]

    def row(self, variant: str = "", **found: Any) -> Row:
        """A row about it."""
        source = self.plan.source
        return Row(
            model=source.name,
            target=self.target.name,
            variant=variant,
            batch=self.batch,
            precision=self.plan.precision,
            **found,
        )

    def stopped(self, error: EdgekitError, variant: str = "", **found: Any) -> Row:
        """The row of what an error stopped: a target that cannot do what was asked, or misses something, did not run;
        anything else failed.
        """
        status = "not run" if isinstance(error, UsageError | AbsentError) else "failed"
        return self.row(variant, status=status, reason=error.message, exit_status=error.exit_status, **found)


def bench(
    sources: Sequence[ModelSource],
    wanted: list[Target],
    executor: Executor,
    timing: Timing,
    precision: Precision = "fp32",
    out: Path | None = None,
    machines: Sequence[AnyMachine | None] = (None,),
) -> Report:
    """Time every source (each at its own fixed batch) on every target; artifacts go to `out/batch-N` where it is given.

    On `machines` besides this one they are run and judged, and timed where those are devices. What fails is a row, not
    an exception. Raises UsageError where something that edgekit did not write lies in an artifact's place, and for a
    machine on which no target runs.
    """
    check_somewhere(wanted, machines)
    if out is not None:
        for source in sources:
            for target in wanted:
                folder = out / f"batch-{source.batch}" / source.name / target.folder(precision)
                check_kind(folder, ARTIFACT)
    rows: dict[int, list[Row]] = {}

    def jobs() -> Iterator[Job]:
        for number, source in enumerate(sources):
            yield job(source, wanted, executor, timing, precision, out, machines, rows.setdefault(number, []))

    executor.work(jobs())
    return Report(cpu_name(), timing.threads, OTHER_HARDWARE, [row for number in sorted(rows) for row in rows[number]])


def check_somewhere(wanted: Sequence[Target], machines: Sequence[AnyMachine | None]) -> None:
    """Raise UsageError for a machine on which no target runs."""
    for machine in machines:
        if not any(target.runs_on(machine) for target in wanted):
            assert machine is not None  # every target has a row of this one
            raise runs_nowhere((target.name for target in wanted), machine)


def made_for(machines: Sequence[AnyMachine | None]) -> str | None:
    """The instruction set that what is timed or judged is made for: that of the machines where all have one, as a user
    makes it for them; None, this machine's, where they have not, since all run the same files.
    """
    found = {None if machine is None else machine.architecture.name for machine in machines}
    return found.pop() if len(found) == 1 else None


def job(
    source: ModelSource,
    wanted: list[Target],
    executor: Executor,
    timing: Timing,
    precision: Precision,
    out: Path | None,
    machines: Sequence[AnyMachine | None],
    rows: list[Row],
) -> Job:
    """Convert one model to every target, then time each variant here and judge it elsewhere; adds to `rows`."""
    assert isinstance(source.batch, int)  # the command line allows no other
    calibration = None
    if precision == "int8":
        program = program_stage(source)
        outcomes = yield [program]
        try:
            calibration = calibrated_program(source, outcomes.result(program), executor)
        except EdgekitError as error:
            plan = Plan(source, precision, program, {})
            rows += [Entry(plan, target, source.batch).stopped(error) for target in wanted]
            return
    plan = plan_conversion(source, wanted, precision, machine=made_for(machines), calibration=calibration)
    entries = [Entry(plan, target, source.batch) for target in wanted]
    reached = [machine for machine in machines if isinstance(machine, RemoteMachine)]
    layers = {
        entry.target.name: layers_stage(source.name, StageFile(entry.conversion, PARAM))
        for entry in entries
        if any(entry.target.runs_on(machine) for machine in reached)
    }
    # The program too: a conversion that is in the cache hides what it was made from.
    made_first = [stage for target in wanted for stage in conversions_of(plan, target)]
    outcomes = yield [*plan.programs, *made_first, *layers.values()]
    timed: list[tuple[Entry, Variant, Manifest, Stage]] = []
    emulated: list[EmulatedRun] = []
    for entry in entries:
        try:
            manifest = made(entry, outcomes, out)
            if None in machines:
                timed += list(runs(entry, manifest, executor, timing, rows))
            known = layers.get(entry.target.name)
            read = outcomes.result(known).details["layers"] if known else None

            def on_device(machine: RemoteMachine) -> dict[str, Any]:
                return device_options(machine, timing)

            emulated += list(emulated_runs(entry.plan, entry.target, manifest, executor, machines, read, on_device))
        except EdgekitError as error:
            rows.append(entry.stopped(error))
    stages = [stage for *_, stage in timed]
    judges = {id(entry): host_judge(entry, manifest, executor) for entry, _, manifest, _ in timed}
    outcomes = yield [*stages, *{judge.reference.key: judge.reference for judge in judges.values()}.values()]
    for entry, variant, manifest, stage in timed:
        rows.append(host_row(entry, variant, manifest, stage, judges[id(entry)], outcomes, timing))
        # It was made for this call alone, and so was its lock.
        executor.store.forget(stage)
    outcomes = yield list({stage.key: stage for run in emulated for stage in run.stages}.values())
    for run in emulated:
        entry = next(one for one in entries if one.target == run.target)
        rows.append(elsewhere_row(entry, run, outcomes, timing))
        if run.is_timed:
            executor.store.forget(run.run)
    order = [target.name for target in wanted]
    rows.sort(key=lambda row: order.index(row.target))


def device_options(machine: RemoteMachine, timing: Timing) -> dict[str, Any]:
    """The options of a timed run on a device. Raises UsageError where it has no such cores, AbsentError where it is
    gone."""
    options: dict[str, Any] = {"threads": timing.threads, "latency": timing.of_bench}
    if timing.cores:
        texts = system_texts(machine, PATTERNS)
        options["cores"] = cores_for(timing, state_of(texts or {}), machine.name)
    return options


def cores_for(timing: Timing, state: MachineState, name: str) -> list[int]:
    """The processors of a timed run. Raises UsageError where they are fewer than its threads, which wait for each other
    then."""
    cores = chosen_cores(timing.cores, state, name)
    if len(cores) < timing.threads:
        raise UsageError(
            f"{timing.threads} threads on {len(cores)} of {name}'s cores are no measurement",
            f"Give --threads {len(cores)}.",
        )
    return list(cores)


def made(entry: Entry, outcomes: Outcomes, out: Path | None) -> Manifest:
    """What a conversion left, which is written to `out` where it is given. Raises what the conversion ended with."""
    manifest = planned_manifest(entry.plan, entry.target, outcomes)
    if out is not None:
        try:
            write_conversion(entry.plan, entry.target, outcomes, out / f"batch-{entry.batch}")
        except UsageError as error:
            # A file of the user's where the artifact belongs: what was asked for is not there in the end.
            raise ConversionError(error.message, error.remedy) from None
    return manifest


def runs(
    entry: Entry, manifest: Manifest, executor: Executor, timing: Timing, rows: list[Row]
) -> Iterator[tuple[Entry, Variant, Manifest, Stage]]:
    """The timed runs of an entry that has been converted; variants that cannot run here become rows at once."""
    for variant in entry.target.variants_of(manifest.build):
        if reason := variant.untimed(manifest.precision):
            rows.append(
                entry.row(
                    variant.name,
                    status="not run",
                    reason=reason,
                    exit_status=AbsentError.exit_status,
                    **facts(entry, variant, manifest),
                )
            )
            continue
        yield entry, variant, manifest, timed_stage(entry, variant, manifest, executor, timing)


def timed_stage(entry: Entry, variant: Variant, manifest: Manifest, executor: Executor, timing: Timing) -> Stage:
    """One variant's run on the golden inputs, timed; another stage at each call, since the machine may have changed."""
    inputs = golden_samples(manifest.preprocessing, manifest.inputs[0].name, manifest.batch)
    golden = stored(inputs, executor.store.cache, notify=executor.store.notify)
    described = Artifact(Path(), manifest)
    files = {role: SourceFile(Path(), "") for role in entry.target.description.files}
    cores = {"cores": cores_for(timing, state_here(), "this machine")} if timing.cores else {}
    stage = run_stage(entry.target, variant, manifest.model.name, files, golden, run_options(described))
    return replace(
        stage,
        inputs={
            **stage.inputs,
            **{role: StageFile(entry.conversion, file) for role, file in variant.inputs.items()},
        },
        options={
            **stage.options,
            "threads": timing.threads,
            "latency": timing.of_bench,
            "measured": time.time_ns(),
            **cores,
        },
        cores=timing.threads,
        memory_bytes=entry.conversion.memory_bytes,
        limits=replace(
            stage.limits,
            threads=timing.threads,
            seconds=stage.limits.seconds + max(timing.seconds, timing.least_seconds),
        ),
    )


@dataclass(frozen=True)
class HostJudge:
    """What runs of one artifact here are judged by: the golden samples that they compute in the very process timed."""

    golden: GoldenFile
    reference: Stage


def host_judge(entry: Entry, manifest: Manifest, executor: Executor) -> HostJudge:
    """The reference of one artifact on the golden inputs; from the cache where it was made before."""
    inputs = golden_samples(manifest.preprocessing, manifest.inputs[0].name, manifest.batch)
    golden = stored(inputs, executor.store.cache, notify=executor.store.notify)
    reference = reference_stage(
        StageFile(entry.plan.program),
        manifest.model.name,
        golden,
        batch_of_calls(manifest),
        made_by=entry.plan.program.worker,
        memory_bytes=entry.conversion.memory_bytes,
        timed=False,
    )
    return HostJudge(golden, reference)


def host_row(
    entry: Entry,
    variant: Variant,
    manifest: Manifest,
    stage: Stage,
    judge: HostJudge,
    outcomes: Outcomes,
    timing: Timing,
) -> Row:
    """The row of a run here that has ended: what is wrong has no latency."""
    known, outcome = facts(entry, variant, manifest), outcomes.by_key[stage.key]
    if isinstance(outcome, EdgekitError):
        return entry.stopped(outcome, variant.name, **known)
    if isinstance(truth := outcomes.by_key[judge.reference.key], EdgekitError):
        return entry.stopped(truth, variant.name, **known)
    here = truth_of(manifest, truth)
    rules = Rules(entry.plan.source.recipe.tolerance(entry.plan.precision))
    described = Artifact(Path(), manifest)
    found = judge_variant(described, variant, outcome, Reference(PADDLE_CPU, here.paddle), here, judge.golden, rules)
    known |= {"verdict": found.verdict, "device": outcome.details.get("device")}
    known["peak_memory_bytes"] = outcome.peak_memory_bytes
    if not found.verdict.passed:
        return entry.row(variant.name, status="failed", reason=found.verdict.reason, exit_status=1, **known)
    return entry.row(
        variant.name, status="measured", **measured(entry, stage, outcome.details["latency"], timing), **known
    )


def measured(entry: Entry, stage: Stage, latency: Mapping[str, Any], timing: Timing) -> dict[str, Any]:
    """What a row says of the latency of a run."""
    cores = stage.options.get("cores", ())
    return {
        "latency": numbers(latency),
        "images_per_second": 1000 * entry.batch / latency["p50_ms"],
        "conditions": conditions_of(latency, quick=timing.quick, cores=cores, sustained=timing.sustained),
    }


def elsewhere_row(entry: Entry, run: EmulatedRun, outcomes: Outcomes, timing: Timing) -> Row:
    """The row of a run on another machine: whether it is right and, of a device, how long it takes."""
    known = {
        **facts(entry, run.variant, run.manifest),
        "device": run.machine.title,
        "machine": run.machine.name,
    }
    if (error := run.absent(outcomes)) is not None:
        return entry.stopped(error, run.variant.name, **known)
    found = run.found(outcomes)
    # What is wrong has no latency worth knowing.
    outcome = outcomes.by_key[run.run.key]
    told = outcome.details["latency"] if isinstance(outcome, StageResult) and found.verdict.passed else None
    right = "computed" if told is None else "measured"
    return entry.row(
        run.variant.name,
        status=right if found.verdict.passed else "failed",
        reason=found.verdict.reason,
        exit_status=run.exit_status(outcomes, found),
        peak_memory_bytes=found.peak_memory_bytes,
        verdict=found.verdict,
        **({} if told is None else measured(entry, run.run, told, timing)),
        **known,
    )


def facts(entry: Entry, variant: Variant, manifest: Manifest) -> dict[str, Any]:
    """What is known of a variant without running it: input, size of its files, published times."""
    source, size = entry.plan.source, manifest.preprocessing.input_size
    model = source.model if isinstance(source, CatalogSource) else None
    roles = set(variant.inputs.values())
    if variant.not_run:
        # An inspection also reads files of variants that run: those are not its own.
        others = entry.target.variants_of(manifest.build)
        roles -= {role for other in others if not other.not_run for role in other.inputs.values()}
    return {
        "input_size": size.short,
        "file_bytes": manifest.bytes_of(roles),
        "published": PublishedTimes.of(model, size, entry.batch),
    }
