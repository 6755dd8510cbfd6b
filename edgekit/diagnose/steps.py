"""The steps from a Paddle program to an artifact, each of which can be run by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edgekit.bundled import bundled_folder
from edgekit.devices.machine import Machine
from edgekit.pipeline.limits import EMULATED_LIMITS, RUN_LIMITS
from edgekit.pipeline.plan import REWRITER, SPEEDER, Plan, add_conversion, programs_of, way_to
from edgekit.pipeline.program import PROGRAM
from edgekit.pipeline.runs import timing_options
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.target import Target, Variant, targets
from edgekit.recipe.schema import RewriteChoice, TargetRecipe
from edgekit.toolchain.worker import Limits

File = SourceFile | StageFile
# Where one worker does two steps: what is between them, in words, and the options that leave it there.
UNSIMPLIFIED = ("paddle2onnx", "ONNX before it is simplified", {"simplify": False})
HALFWAY: dict[str, tuple[str, str, dict[str, Any]]] = {
    "onnx/convert.py": UNSIMPLIFIED,
    "paddle3/to_onnx.py": UNSIMPLIFIED,
}
CONVERTED, ARTIFACT, REWRITTEN, PROGRAM_REWRITTEN = "converted", "artifact", "rewritten", "rewritten program"
ELSEWHERE = "device"
"""The artifact once more, on another machine than this."""
OLD_PROGRAM, PROGRAM_FASTER = "old program", "faster program"
# What is made of a program on the way to a target, by the worker that makes it: else it is written in another format.
MADE_OF_PROGRAMS = {
    REWRITER: (PROGRAM_REWRITTEN, "Paddle after the rewrites for all targets"),
    SPEEDER: (PROGRAM_FASTER, "Paddle after the rewrites for speed"),
}
WRITTEN_ANEW = (OLD_PROGRAM, "Paddle program in Paddle 2's format")


@dataclass(frozen=True)
class Step:
    """One thing that computes what the program does: `format` says what runs it ("program" or a target's name).

    `files` are by the runner's roles. `make` is the stage that makes them, if one does. `variant` runs it in the
    target's own way; without one it is run as its format usually is. `options` are what a runner must know: names,
    batch, precision. `folder` is that of the workers, where it is not the format's. `machine` is the emulated one that
    it runs on.
    """

    name: str
    title: str
    format: str
    files: Mapping[str, File]
    make: Stage | None = None
    variant: Variant | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    folder: str = ""
    machine: Machine | None = None

    def worker(self, script: str) -> str:
        """A script that handles this format."""
        return f"{self.folder or ('paddle' if self.format == PROGRAM else self.format)}/{script}"

    def run(self, golden: GoldenFile, memory_bytes: int) -> Stage:
        """Run it on golden inputs, untimed."""
        return Stage(
            worker=self.worker(self.variant.worker if self.variant else "run.py"),
            about=f"run of {self.title}",
            inputs={**self.files, "tensors": golden.source},
            options={**self.options, **timing_options(False), **({"oracle": False} if self.format == PROGRAM else {})},
            memory_bytes=memory_bytes,
            limits=self.limits,
            machine=self.machine,
        )

    @property
    def limits(self) -> Limits:
        """What one of its runs may use."""
        if self.machine is not None:
            return EMULATED_LIMITS
        return replace(RUN_LIMITS, gpu=self.variant is not None and self.variant.needs is not None)

    @property
    def outputs_file(self) -> str:
        """What its runner calls the outputs."""
        return "reference.safetensors" if self.format == PROGRAM else "outputs.safetensors"

    @property
    def sigmoid_error(self) -> float:
        """What its engine is known to be off by in a sigmoid."""
        return 0.0 if self.format == PROGRAM else targets()[self.format].description.sigmoid_error

    @property
    def observer(self) -> str | None:
        """The worker that shows its inner tensors, or None where there is none."""
        worker = self.worker("tensors.py")
        return worker if (bundled_folder("converters") / worker).exists() else None


def conversion_of(plan: Plan, target: Target) -> Stage:
    """The stage that converts to `target` as the plan has it."""
    return add_conversion(plan, target, plan.precision)


def converter_of(plan: Plan, target: Target) -> Stage:
    """The stage of the target's own converter: where another one rounds its files to the precision, that in FP32."""
    return add_conversion(plan, target, "fp32" if target.lowering(plan.precision) else plan.precision)


def with_rewrites(plan: Plan, target: str, names: tuple[str, ...]) -> Plan:
    """The plan with other rewrites for one target."""
    from msgspec.structs import replace as changed

    recipe = plan.source.recipe
    chosen = recipe.targets.get(target, TargetRecipe())
    reasons = {one.name: one.reason for one in chosen.rewrites}
    rewrites = tuple(RewriteChoice(name, reasons.get(name, "tried by a diagnosis")) for name in names)
    told = changed(recipe, targets={**recipe.targets, target: changed(chosen, rewrites=rewrites)})
    return replace(plan, source=replace(plan.source, recipe=told), conversions={}, bases={})


def with_program_rewrites(plan: Plan, names: tuple[str, ...]) -> Plan:
    """The plan with other rewrites of the program."""
    from msgspec.structs import replace as changed

    recipe = plan.source.recipe
    reasons = {one.name: one.reason for one in recipe.program.rewrites}
    rewrites = tuple(RewriteChoice(name, reasons.get(name, "as the artifact was made")) for name in names)
    told = changed(recipe, program=changed(recipe.program, rewrites=rewrites))
    return replace(plan, source=replace(plan.source, recipe=told), conversions={}, bases={})


def by_the_way_taken(plan: Plan, target: Target, build: Mapping[str, Any]) -> Plan:
    """The plan as it went for a target whose converter said `build`: some can read the program or another target."""
    taken = build.get("read")
    if taken is None or taken == way_to(plan, target)[0]:
        return plan
    return replace(plan, through={**plan.through, target.name: taken}, conversions={}, bases={})


def rewrites_of(plan: Plan, target: str) -> tuple[str, ...]:
    """The rewrites that the plan's recipe names for a target, in order."""
    chosen = plan.source.recipe.targets.get(target)
    return tuple(one.name for one in chosen.rewrites) if chosen else ()


def steps_before(plan: Plan, target: Target) -> Iterator[Step]:
    """The steps up to what the target's converter reads and rewrites, without the program itself, in order."""
    upstream, worker, _ = way_to(plan, target)
    if upstream == PROGRAM:
        for program in programs_of(plan, target)[1:]:
            name, title = MADE_OF_PROGRAMS.get(program.worker, WRITTEN_ANEW)
            yield Step(name, title, PROGRAM, {PROGRAM: StageFile(program)}, program)
    else:
        other = targets()[upstream]
        # Rounding is the last step's: what it is made from is in FP32.
        yield from steps_before(replace(plan, precision="fp32", conversions={}, bases={}), other)
        stage = add_conversion(plan, other, "fp32")
        title = f"{other.description.title} as converted"
        yield Step(upstream, title, upstream, {"model": StageFile(stage, f"model.{upstream}")}, stage)
    made = converter_of(plan, target)
    if halfway := HALFWAY.get(worker):
        name, title, options = halfway
        stage = replace(made, options={**made.options, **options})
        yield Step(name, title, target.name, {"model": StageFile(stage, f"model.{target.name}")}, stage)
    rewrites = rewrites_of(plan, target.name)
    stage = rewriting(plan, target) if rewrites else None
    if stage is not None:
        what = "Paddle" if upstream == PROGRAM else targets()[upstream].description.title
        files = {PROGRAM: StageFile(stage)} if upstream == PROGRAM else {"model": StageFile(stage, f"model.{upstream}")}
        yield Step(REWRITTEN, f"{what} after the rewrites for {target.name}", upstream, files, stage)


def rewriting(plan: Plan, target: Target) -> Stage | None:
    """The run of a target's rewrites alone; None where it has no such worker."""
    worker = target.worker("rewrite.py")
    if not (bundled_folder("converters") / worker).exists():
        return None
    made = converter_of(plan, target)
    options = {"rewrites": list(rewrites_of(plan, target.name))}
    return replace(made, worker=worker, about=f"{target.description.title} rewrites", options=options)


def finished(worker: str, key: str) -> Stage:
    """A stage that stands for what is in the store already; all that is known of it is its key."""
    stage = Stage(worker=worker, about=worker)
    stage.__dict__["key"] = key  # where `cached_property` keeps it
    return stage
