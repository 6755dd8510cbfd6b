"""The stages of a model: weights -> program -> targets, and what verification runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from edgekit.calibration.prepared import CalibrationFile
from edgekit.errors import ConversionError, EdgekitError
from edgekit.parity.verdict import Precision
from edgekit.pipeline.embedding import embedding_stage
from edgekit.pipeline.float_layers import AccuracyControl
from edgekit.pipeline.instruction_set import this_machine
from edgekit.pipeline.limits import CONVERSION_LIMITS
from edgekit.pipeline.lowering import lowering_stage
from edgekit.pipeline.program import ADOPTERS, PROGRAM, program_stage
from edgekit.pipeline.source import ModelSource
from edgekit.pipeline.stage import Stage, StageFile
from edgekit.pipeline.target import Target, targets
from edgekit.recipe.schema import SpeedChoice

REWRITER = "paddle/rewrite.py"
SPEEDER = "paddle/speed.py"


@dataclass(frozen=True)
class Plan:
    """The stages that lead one model to its targets: `program`, and `conversions` by target name.

    Targets get the program after its rewrites (`program_for`); reference and oracle stay those of `program`.

    `conversions` also holds the targets on the way to those asked for in FP32; `bases` are such FP32 conversions where
    another precision is asked for. `calibration` are the prepared photos that a quantisation reads. `flags` are those
    of the command line that some targets take, as `parse_flags` gives them. `through` says of targets that can be made
    from the program or from another target that it is the other one here. `speed` says which rewrites for speed there
    are: None for those that the recipe has for the instruction set `machine`, else these for every target. `embeddings`
    fold the preprocessing into what was converted; what is made from a target is made from its `conversions`.
    """

    source: ModelSource
    precision: Precision
    program: Stage
    conversions: dict[str, Stage]
    flags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    embeddings: dict[str, Stage] = field(default_factory=dict)
    through: Mapping[str, str] = field(default_factory=dict)
    speed: tuple[str, ...] | None = None
    machine: str = field(default_factory=this_machine)
    bases: dict[str, Stage] = field(default_factory=dict)
    calibration: CalibrationFile | None = None
    keep_float: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By target: layers that INT8 leaves in FP32, besides the recipe's."""
    controls: Mapping[str, AccuracyControl] = field(default_factory=dict)
    """By target: why they were chosen, where edgekit has chosen them."""

    @cached_property
    def rewritten(self) -> Stage:
        """What the recipe's rewrites make of the program; `program` itself where there are none.

        A Paddle 3 program has none, as long as it is one.
        """
        return self.program if self.program.worker == ADOPTERS["paddle3"] else self.with_rewrites(self.program)

    def with_rewrites(self, program: Stage) -> Stage:
        """What the recipe's rewrites make of a Paddle 2 program; `program` itself where there are none."""
        names = [rewrite.name for rewrite in self.source.recipe.program.rewrites]
        if not names:
            return program
        return Stage(
            worker=REWRITER,
            about=f"rewrites of the program of {self.source.name}",
            inputs={PROGRAM: StageFile(program)},
            options={"rewrites": names},
            memory_bytes=self.program.memory_bytes,
            limits=CONVERSION_LIMITS,
        )

    def speed_rewrites(self, target: str) -> tuple[str, ...]:
        """The rewrites for speed that are on for a target, in order."""
        return tuple(one.name for one in self.speed_choices(target)) if self.speed is None else self.speed

    def speed_choices(self, target: str) -> tuple[SpeedChoice, ...]:
        """What the recipe says of the rewrites for speed that are on; nothing where they are not the recipe's."""
        chosen = self.source.recipe.targets.get(target)
        if self.speed is not None or chosen is None:
            return ()
        return tuple(one for one in chosen.speed if one.covers(self.source.name, self.machine))

    def with_speed(self, program: Stage, names: Sequence[str]) -> Stage:
        """What the rewrites for speed called `names` make of a Paddle 2 program; `program` itself without any."""
        if not names:
            return program
        return Stage(
            worker=SPEEDER,
            about=f"faster program of {self.source.name} ({', '.join(names)})",
            inputs={PROGRAM: StageFile(program)},
            options={"rewrites": list(names)},
            memory_bytes=self.program.memory_bytes,
            limits=CONVERSION_LIMITS,
        )

    @property
    def programs(self) -> list[Stage]:
        """The program as it came, and all that is made of it before the targets' converters read it."""
        names = dict.fromkeys([*self.conversions, *self.bases])
        found = [self.program, *(stage for name in names for stage in programs_of(self, targets()[name]))]
        return list({stage.key: stage for stage in found}.values())


def plan_conversion(
    source: ModelSource,
    wanted: list[Target],
    precision: Precision = "fp32",
    flags: Mapping[str, Sequence[str]] | None = None,
    *,
    embed_preprocessing: bool = False,
    refused: dict[str, EdgekitError] | None = None,
    speed: Sequence[str] | None = None,
    machine: str | None = None,
    calibration: CalibrationFile | None = None,
    keep_float: Mapping[str, Sequence[str]] | None = None,
    controls: Mapping[str, AccuracyControl] | None = None,
) -> Plan:
    """The stages from weights to `wanted`, each target's options and rewrites taken from the recipe.

    `speed` names the rewrites for speed for all targets, where they are not those that the recipe has for the
    instruction set `machine` (None: this machine's). `calibration` are the prepared photos, which INT8 needs.
    `keep_float` are layers that it leaves in FP32, besides the recipe's, by target, and `controls` say why edgekit
    chose them.
    Raises ConversionError for a target that does not take such a program; with `refused`, the error is put there under
    the target's name instead, and the plan is for the others.
    """
    program = program_stage(source)
    chosen = None if speed is None else tuple(speed)
    plan = Plan(
        source,
        precision,
        program,
        {},
        flags or {},
        speed=chosen,
        machine=machine or this_machine(),
        calibration=calibration,
        keep_float=keep_float or {},
        controls=controls or {},
    )
    for target in wanted:
        try:
            conversion = add_conversion(plan, target, precision)
        except ConversionError as error:
            if refused is None:
                raise
            refused[target.name] = error
            continue
        if embed_preprocessing:
            plan.embeddings[target.name] = embedding_stage(source, target, conversion)
    return plan


def add_conversion(plan: Plan, target: Target, precision: Precision) -> Stage:
    """The conversion to `target`, and to the target it is made from, where the plan lacks them.

    What a target is made from stays in FP32, unless its converter takes the precision from there.
    """
    known = plan.conversions if precision == plan.precision else plan.bases
    if target.name not in known:
        if precision in target.description.lowered:
            stage = lowered_files(plan, target, precision, add_conversion(plan, target, "fp32"))
        else:
            stage = conversion_stage(plan, target, precision, plan.speed_rewrites(target.name))
        known[target.name] = stage
    return known[target.name]


def lowered_files(plan: Plan, target: Target, precision: Precision, base: Stage) -> Stage:
    """What makes `precision` of what `base` leaves: the target's own files, or what it is made from."""
    kept = plan.keep_float.get(target.name, ())
    return lowering_stage(plan.source, target, precision, base, plan.calibration, kept)


def conversions_of(plan: Plan, target: Target) -> list[Stage]:
    """What leads from the program to a target's files: its conversion, and what makes another precision, in order."""
    last = plan.conversions[target.name]
    lowering = lowering_of(plan, target)
    if lowering is None:
        return [last]
    base, lowered = lowering
    return [base, last] if lowered is last else [lowered, last]


def lowering_of(plan: Plan, target: Target) -> tuple[Stage, Stage] | None:
    """The conversion in FP32 and what makes the plan's precision of its files; None where a converter makes it."""
    found = target.lowering(plan.precision)
    if found is None:
        return None
    _, whose = found
    lowered = plan.conversions[target.name]
    if whose is None:
        lowered = stage_of(lowered, PROGRAM)
        return stage_of(lowered, PROGRAM), lowered
    if whose.name != target.name:
        lowered = stage_of(lowered, whose.name)
    return stage_of(lowered, next(iter(whose.description.files))), lowered


def stage_of(stage: Stage, role: str) -> Stage:
    """The stage that makes an input of another one."""
    found = stage.inputs[role]
    assert isinstance(found, StageFile)  # as the plan has made it
    return found.stage


def conversion_stage(plan: Plan, target: Target, precision: Precision, speed: tuple[str, ...]) -> Stage:
    """The conversion to `target` of the program after the rewrites `speed`."""
    upstream, worker, asked = way_to(plan, target)
    chosen = plan.source.recipe.targets.get(target.name)
    stage = Stage(
        worker=worker,
        about=f"{target.description.title} conversion of {plan.source.name}",
        inputs={upstream: made_before(plan, upstream, target, precision, speed)},
        options={
            "precision": precision,
            "batch": plan.source.batch,
            "rewrites": [rewrite.name for rewrite in chosen.rewrites] if chosen else [],
            **(chosen.options if chosen else {}),
            **asked,
        },
        memory_bytes=plan.program.memory_bytes,
        limits=CONVERSION_LIMITS,
    )
    if upstream == PROGRAM and (other := target.description.otherwise):
        made = made_before(plan, other, target, precision, speed)
        stage = replace(stage, otherwise=replace(stage, inputs={other: made}))
    return stage


def made_before(plan: Plan, source: str, target: Target, precision: Precision, speed: tuple[str, ...]) -> StageFile:
    """What a conversion to `precision` reads: the program after its rewrites, or the file of another target.

    That is the other target's own where the same rewrites for speed are on for both, and else one made for this.
    """
    if source == PROGRAM:
        program = faster_program(plan, target, speed)
        lowered = precision in target.description.program_lowered
        return StageFile(lowered_files(plan, target, precision, program) if lowered else program)
    other = targets()[source]
    same = plan.speed_rewrites(source) == speed
    made = add_conversion(plan, other, "fp32") if same else conversion_stage(plan, other, "fp32", speed)
    if precision in target.description.source_lowered:
        made = lowered_files(plan, target, precision, made)
    return StageFile(made, f"model.{source}")


def program_for(plan: Plan, target: Target) -> Stage:
    """What makes the program that a target's conversion starts from: the plan's own, or one that is made of it."""
    return faster_program(plan, target, plan.speed_rewrites(target.name))


def faster_program(plan: Plan, target: Target, speed: Sequence[str]) -> Stage:
    """The program after the rewrites that it needs, and after those for speed; none of these for Paddle 3's."""
    program = repaired_program(plan, target)
    return program if program.worker == ADOPTERS["paddle3"] else plan.with_speed(program, speed)


def repaired_program(plan: Plan, target: Target) -> Stage:
    """The program after the rewrites without which some tool fails."""
    other = target.description.paddle3
    if plan.program.worker != ADOPTERS["paddle3"] or other is None or other.through is None:
        return plan.rewritten
    written = Stage(
        worker=other.through,
        about=f"{plan.source.name} as a program of Paddle 2",
        inputs={PROGRAM: StageFile(plan.program)},
        memory_bytes=plan.program.memory_bytes,
        limits=CONVERSION_LIMITS,
    )
    return plan.with_rewrites(written)


def programs_of(plan: Plan, target: Target) -> list[Stage]:
    """The program as it came, and each stage that leads to the one that the target gets: what a manifest tells of."""
    found = [program_for(plan, target)]
    while found[0].key != plan.program.key:
        before = found[0].inputs[PROGRAM]
        assert isinstance(before, StageFile)  # programs are made of programs
        found.insert(0, before.stage)
    return found


def way_to(plan: Plan, target: Target) -> tuple[str, str, dict[str, Any]]:
    """What a target is made from, the worker that makes it, and the options that are not the recipe's.

    Raises ConversionError where the target does not take the plan's program.
    """
    worker, asked = target.converter(plan.flags)
    if target.name in plan.through:
        return plan.through[target.name], worker, asked
    source, other = target.description.source, target.description.paddle3
    if plan.program.worker != ADOPTERS["paddle3"] or (other is None and source != PROGRAM):
        return source, worker, asked
    if other is None or other.refusal:
        reason = other.refusal if other else "it takes no program of Paddle 3"
        raise ConversionError(
            f"{plan.source.name} cannot go to {target.description.title}: {reason}", other.remedy if other else ""
        )
    return other.source or source, other.worker or worker, asked
