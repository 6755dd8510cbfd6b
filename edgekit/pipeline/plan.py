"""The stages of a model: weights -> program -> targets, and what verification runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgekit.parity.verdict import Precision
from edgekit.pipeline.memory import estimated_memory, weight_bytes
from edgekit.pipeline.source import GoldenFile, ModelSource
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.target import Target, Variant, targets
from edgekit.toolchain.worker import Limits

PROGRAM = "program"
REFERENCE_WORKER = "paddle/run.py"
# A timed run is short; the bound on seconds keeps one slow model from holding up the others.
LATENCY = {"warmup": 3, "repeats": 30, "seconds": 5.0}
# Conversions beside each other share the machine: one thread each. A timed run has it all.
CONVERSION_LIMITS = Limits(seconds=900, memory_bytes=10 << 30, threads=1)
RUN_THREADS = 2
RUN_LIMITS = Limits(seconds=900, memory_bytes=12 << 30, threads=RUN_THREADS)


@dataclass(frozen=True)
class Plan:
    """The stages that lead one model to its targets: `program`, and `conversions` by target name.

    `conversions` also holds the targets on the way to those asked for.
    """

    source: ModelSource
    precision: Precision
    program: Stage
    conversions: dict[str, Stage]


def plan_conversion(source: ModelSource, wanted: list[Target], precision: Precision = "fp32") -> Plan:
    """The stages from weights to `wanted`, each target's options and rewrites taken from the recipe."""
    program = program_stage(source)
    plan = Plan(source, precision, program, {})
    for target in wanted:
        add_conversion(plan, target)
    return plan


def program_stage(source: ModelSource) -> Stage:
    """Weights -> Paddle program, with a stage before it that makes synthetic weights."""
    weights = source.weights
    memory = estimated_memory(weight_bytes(source.model.architecture))
    if weights.seed is not None:
        synthesis = Stage(
            worker="paddle/synthesize.py",
            about=f"synthetic weights for {source.name}",
            options={
                "architecture": source.architecture,
                "seed": weights.seed,
                "input_size": source.input_size,
                "class_count": source.class_count,
            },
            memory_bytes=memory,
            limits=RUN_LIMITS,
        )
        tensors: SourceFile | StageFile = StageFile(synthesis, "weights.safetensors")
    else:
        assert weights.path is not None  # only synthetic weights have no file
        tensors = SourceFile(weights.path, weights.sha256)
    return Stage(
        worker="paddle/export.py",
        about=f"export of {source.name}",
        inputs={"weights": tensors},
        options={
            "architecture": source.architecture,
            "input_size": source.input_size,
            "batch": source.batch,
        },
        memory_bytes=memory,
        limits=CONVERSION_LIMITS,
    )


def add_conversion(plan: Plan, target: Target) -> Stage:
    """The conversion to `target`, and to the target it is made from, where the plan lacks them."""
    if target.name in plan.conversions:
        return plan.conversions[target.name]
    upstream = target.description.source
    if upstream == PROGRAM:
        inputs = {PROGRAM: StageFile(plan.program)}
    else:
        inputs = {upstream: StageFile(add_conversion(plan, targets()[upstream]), f"model.{upstream}")}
    chosen = plan.source.recipe.targets.get(target.name)
    stage = Stage(
        worker=target.worker("convert.py"),
        about=f"{target.description.title} conversion of {plan.source.name}",
        inputs=inputs,
        options={
            "precision": plan.precision,
            "batch": plan.source.batch,
            "rewrites": [rewrite.name for rewrite in chosen.rewrites] if chosen else [],
            **(chosen.options if chosen else {}),
        },
        memory_bytes=plan.program.memory_bytes,
        limits=CONVERSION_LIMITS,
    )
    plan.conversions[target.name] = stage
    return stage


def reference_stage(
    program: StageFile | SourceFile,
    name: str,
    golden: GoldenFile,
    batch: int,
    *,
    memory_bytes: int = 0,
    timed: bool = True,
) -> Stage:
    """The FP32 reference and the float64 oracle of a program on the golden inputs."""
    return Stage(
        worker=REFERENCE_WORKER,
        about=f"reference of {name}",
        inputs={"program": program, "tensors": SourceFile(golden.path, golden.sha256)},
        options={"batch": batch, **timing_options(timed)},
        cores=RUN_THREADS if timed else 1,
        alone=timed,
        memory_bytes=memory_bytes,
        limits=RUN_LIMITS,
    )


def run_stage(
    target: Target,
    variant: Variant,
    name: str,
    files: Mapping[str, SourceFile],
    golden: GoldenFile,
    options: Mapping[str, Any],
    *,
    memory_bytes: int = 0,
    timed: bool = True,
) -> Stage:
    """One variant of an artifact on the golden inputs, or its inspection where it cannot run here.

    `files` are the artifact's, by the name the converter gave them; `options` are the artifact's own (batch,
    precision, the names of inputs and outputs).
    """
    inputs: dict[str, SourceFile | StageFile] = {role: files[file] for role, file in variant.inputs.items()}
    about = f"{target.description.title} {variant.name} run of {name}".replace("  ", " ")
    if variant.not_run:
        about = about.replace(" run ", " inspection ")
        return Stage(worker=target.worker(variant.worker), about=about, inputs=inputs, memory_bytes=memory_bytes)
    inputs["tensors"] = SourceFile(golden.path, golden.sha256)
    return Stage(
        worker=target.worker(variant.worker),
        about=about,
        inputs=inputs,
        options={**options, **timing_options(timed)},
        cores=RUN_THREADS if timed else 1,
        alone=timed,
        memory_bytes=memory_bytes,
        limits=RUN_LIMITS,
    )


def timing_options(timed: bool) -> dict[str, Any]:
    """The options of a run that is timed, with the machine to itself, or of one that only computes on one core."""
    return {"threads": RUN_THREADS, "latency": LATENCY} if timed else {"threads": 1, "latency": None}
