"""What rewrites for speed do: the graph as it was written beside each of them and all together, timed in turn."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import Struct

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest
from edgekit.artifact.samples import golden_samples, run_options, stored
from edgekit.bench.ratio import Ratio, ratio_of
from edgekit.bench.rewrites_elsewhere import times_there
from edgekit.bench.run import Timing, check_somewhere, made_for
from edgekit.calibration.prepare import needed_calibration
from edgekit.calibration.prepared import CalibrationFile
from edgekit.conversion.manifest import planned_manifest
from edgekit.devices.remote_machine import RemoteMachine
from edgekit.errors import AbsentError, EdgekitError, UsageError
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.pipeline.plan import SPEEDER, Plan, conversions_of, plan_conversion, programs_of
from edgekit.pipeline.runs import run_stage
from edgekit.pipeline.source import ModelSource
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.target import Target, Variant
from edgekit.recipe.load import SPEED, available_rewrites
from edgekit.reference.device import cpu_name

PLAIN, ALL, RECIPE = "as written", "all of them", "the recipe's"


class RewriteRow(Struct, frozen=True, kw_only=True):
    """One set of rewrites on one target's variant, beside the graph as it was written.

    `places` are how many of the graph's were changed. `p50_ms` and `plain_p50_ms` are medians in milliseconds,
    `difference` that of the outputs relative to the largest one. `busy_cores` is how many cores other programs
    kept busy meanwhile. `machine` is the device, None this machine; of a device neither of these two is known.
    """

    model: str
    target: str
    variant: str
    machine: str | None = None
    rewrites: tuple[str, ...]
    title: str
    places: int = 0
    status: str = "measured"
    reason: str = ""
    exit_status: int = 0
    ratio: Ratio | None = None
    p50_ms: float | None = None
    plain_p50_ms: float | None = None
    difference: float | None = None
    busy_cores: float | None = None

    @property
    def verdict(self) -> str:
        """What the row shows, in a word or two."""
        return self.ratio.verdict if self.ratio else self.status


class RewriteReport(Struct, frozen=True):
    """All rows, and the machine they were measured on."""

    machine: str
    threads: int
    rows: list[RewriteRow]

    @property
    def exit_status(self) -> int:
        """That of the first failure, else 0; where nothing ran, the reason's."""
        for row in self.rows:
            if row.status == "failed":
                return row.exit_status
        if any(row.ratio for row in self.rows) or not self.rows:
            return 0
        return next((row.exit_status for row in self.rows if row.exit_status), 0)


@dataclass(frozen=True)
class Version:
    """The model with some rewrites: `title` for people, the `plan` that makes it."""

    title: str
    names: tuple[str, ...]
    plan: Plan


def bench_rewrites(
    sources: Sequence[ModelSource],
    wanted: Sequence[Target],
    executor: Executor,
    timing: Timing,
    precision: Precision = "fp32",
    *,
    recipe_alone: bool = False,
    machines: Sequence[RemoteMachine | None] = (None,),
) -> RewriteReport:
    """Time every source on every target as written, with each rewrite for speed that changes it, and with all of them.

    What the recipe turns on is timed too, where it is neither one of them nor all; with `recipe_alone` nothing else
    is. The recipe's are those for the machines (`made_for`). What fails is a row. Raises UsageError for a machine on
    which no target runs.
    """
    check_somewhere(wanted, machines)
    rows = [
        row
        for source in sources
        for target in wanted
        for row in rewrite_rows(
            versions(
                source,
                target,
                precision,
                recipe_alone,
                needed_calibration(source, precision, executor),
                made_for(machines),
            ),
            target,
            executor,
            timing,
            machines,
        )
    ]
    return RewriteReport(cpu_name(), timing.threads, rows)


def versions(
    source: ModelSource,
    target: Target,
    precision: Precision,
    recipe_alone: bool,
    calibration: CalibrationFile | None = None,
    machine: str | None = None,
) -> list[Version]:
    """The graph as written, with each rewrite for speed, with all of them, and with the recipe's for `machine`."""
    known = available_rewrites("paddle", SPEED)
    # In the order in which the recipes have them: what is not in one comes last.
    chosen = plan_conversion(source, [target], machine=machine).speed_rewrites(target.name)
    order = sorted(known, key=lambda name: (chosen.index(name) if name in chosen else len(chosen), name))
    each = [] if recipe_alone else [*((name, (name,)) for name in order), (ALL, tuple(order))]
    sets = [(PLAIN, ()), *each, (RECIPE, chosen)]
    return [
        Version(title, names, plan_conversion(source, [target], precision, speed=names, calibration=calibration))
        for title, names in sets
    ]


def rewrite_rows(
    planned: Sequence[Version],
    target: Target,
    executor: Executor,
    timing: Timing,
    machines: Sequence[RemoteMachine | None] = (None,),
) -> Iterator[RewriteRow]:
    """The rows of one model on one target; the first version is the graph as it was written."""
    source = planned[0].plan.source
    # What changes nothing is not converted.
    faster = {one.title: last_program(one, target) for one in planned}
    outcomes = executor.run([planned[0].plan.conversions[target.name], *planned[0].plan.programs, *faster.values()])
    try:
        places = {title: changed_places(outcomes, stage) for title, stage in faster.items()}
        kept, rest = distinct(planned, outcomes, faster)
        outcomes = executor.run(
            stage for one in kept for stage in (*one.plan.programs, *conversions_of(one.plan, target))
        )
        manifests = [manifest_of(one, target, outcomes) for one in kept]
    except EdgekitError as error:
        yield stopped(error, {"model": source.name, "target": target.name, "variant": ""})
        return
    for machine in filter(None, machines):
        if target.runs_on(machine):
            yield from measured_there(kept, rest, places, manifests, target, machine, executor, timing)
    for variant in target.variants_of(manifests[0].build) if None in machines else ():
        told: dict[str, Any] = {"model": source.name, "target": target.name, "variant": variant.name}
        yield from without_place(rest, told)
        if variant.not_run:
            yield RewriteRow(rewrites=(), title=PLAIN, status="not run", reason=variant.not_run, **told)
            continue
        if len(kept) > 1:
            yield from measured(kept, places, manifests, variant, target, executor, timing, told)


def stopped(error: EdgekitError, told: dict[str, Any]) -> RewriteRow:
    """The row of what an error stopped: what cannot be had did not run, and anything else failed."""
    status = "not run" if isinstance(error, UsageError | AbsentError) else "failed"
    return RewriteRow(
        rewrites=(), title=PLAIN, status=status, reason=error.message, exit_status=error.exit_status, **told
    )


def without_place(rest: Sequence[Version], told: dict[str, Any]) -> Iterator[RewriteRow]:
    """The rows of rewrites that change nothing."""
    for one in rest:
        yield RewriteRow(rewrites=one.names, title=one.title, status="no place for it", **told)


def measured_there(
    kept: Sequence[Version],
    rest: Sequence[Version],
    places: dict[str, int],
    manifests: Sequence[Manifest],
    target: Target,
    machine: RemoteMachine,
    executor: Executor,
    timing: Timing,
) -> Iterator[RewriteRow]:
    """The rows of a device."""
    told: dict[str, Any] = {"model": kept[0].plan.source.name, "target": target.name, "machine": machine.name}
    yield from without_place(rest, {**told, "variant": ""})
    if len(kept) < 2:
        return
    versions = [(one.plan, manifest) for one, manifest in zip(kept, manifests, strict=True)]
    try:
        times = times_there(versions, target, machine, executor, timing)
    except EdgekitError as error:
        yield stopped(error, {**told, "variant": ""})
        return
    for variant, found in times.items():
        plain, *others = found
        for one, own in zip(kept[1:], others, strict=True):
            yield RewriteRow(
                variant=variant,
                rewrites=one.names,
                title=one.title,
                places=places[one.title],
                ratio=ratio_of(own, plain),
                p50_ms=middle(own),
                plain_p50_ms=middle(plain),
                **told,
            )


def last_program(version: Version, target: Target) -> Stage:
    """The program that a version's conversion starts from."""
    return programs_of(version.plan, target)[-1]


def changed_places(outcomes: Outcomes, stage: Stage) -> int:
    """How many places the rewrites for speed have changed. Raises what the stage ended with."""
    result = outcomes.result(stage)
    return sum(one["applied"] for one in result.details["rewrites"]) if stage.worker == SPEEDER else 0


def distinct(
    planned: Sequence[Version], outcomes: Outcomes, faster: dict[str, Stage]
) -> tuple[list[Version], list[Version]]:
    """The versions whose programs differ, the first of each; and the single rewrites that changed nothing."""
    seen: dict[str, Version] = {}
    rest = []
    for one in planned:
        made = outcomes.result(faster[one.title])
        program = made.files["inference.pdmodel"]["sha256"] + made.files["inference.pdiparams"]["sha256"]
        if one.names and not changed_places(outcomes, faster[one.title]):
            rest += [one] if len(one.names) == 1 and one.title != RECIPE else []
        else:
            seen.setdefault(program, one)
    return list(seen.values()), rest


def manifest_of(version: Version, target: Target, outcomes: Outcomes) -> Manifest:
    """The manifest that a version's artifact would have. Raises what its conversion ended with."""
    return planned_manifest(version.plan, target, outcomes)


def measured(
    kept: Sequence[Version],
    places: dict[str, int],
    manifests: Sequence[Manifest],
    variant: Variant,
    target: Target,
    executor: Executor,
    timing: Timing,
    told: dict[str, Any],
) -> Iterator[RewriteRow]:
    """The rows of one variant: all versions timed in turn in one process."""
    labels = {f"v{number}": one for number, one in enumerate(kept)}
    stage = interleaved_stage(labels, manifests, variant, target, executor, timing)
    outcomes = executor.run([stage])
    try:
        details = outcomes.result(stage).details
    except EdgekitError as error:
        yield stopped(error, told)
        return
    finally:
        executor.store.forget(stage)
    plain = details["times"]["v0"]
    for label, one in labels.items():
        if label != "v0":
            times = details["times"][label]
            yield RewriteRow(
                rewrites=one.names,
                title=one.title,
                places=places[one.title],
                ratio=ratio_of(times, plain),
                p50_ms=middle(times),
                plain_p50_ms=middle(plain),
                difference=details["differences"][label],
                busy_cores=details.get("other_cores"),
                **told,
            )


def interleaved_stage(
    labels: dict[str, Version],
    manifests: Sequence[Manifest],
    variant: Variant,
    target: Target,
    executor: Executor,
    timing: Timing,
    settings: Sequence[dict[str, Any]] = (),
) -> Stage:
    """One run of several versions on the golden inputs, in turn; another stage at each call.

    `settings` are the versions' own options of the runner, where they differ in these.
    """
    first = manifests[0]
    inputs = golden_samples(first.preprocessing, first.inputs[0].name, first.batch)
    golden = stored(inputs, executor.store.cache, notify=executor.store.notify)
    files = {role: SourceFile(Path(), "") for role in target.description.files}
    stage = run_stage(target, variant, first.model.name, files, golden, run_options(Artifact(Path(), first)))
    added = settings or [{} for _ in labels]
    return replace(
        stage,
        about=f"{len(labels)} versions in turn: {stage.about}",
        inputs={
            "tensors": golden.source,
            **{
                f"{label}/{role}": StageFile(one.plan.conversions[target.name], file)
                for label, one in labels.items()
                for role, file in variant.inputs.items()
            },
        },
        options={
            **stage.options,
            "threads": timing.threads,
            "latency": None,
            "versions": {
                label: {
                    **{
                        name: value
                        for name, value in run_options(Artifact(Path(), manifest)).items()
                        if name in ("inputs", "outputs", "output_shapes")
                    },
                    **own,
                }
                for label, manifest, own in zip(labels, manifests, added, strict=True)
            },
            "interleaved": {"warmup": timing.warmup, "repeats": timing.repeats, "seconds": timing.seconds},
            "measured": time.time_ns(),
        },
        cores=timing.threads,
        memory_bytes=sum(one.plan.program.memory_bytes for one in labels.values()),
        limits=replace(stage.limits, threads=timing.threads),
    )


def middle(times: Sequence[float]) -> float:
    """The median."""
    ordered = sorted(times)
    return ordered[len(ordered) // 2]
