"""Converts a model: runs the plan's stages and writes an artifact for each target."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit import __version__
from edgekit.artifact.load import Artifact, load_artifact
from edgekit.artifact.manifest import (
    FileRecord,
    Manifest,
    ModelRecord,
    RewriteRecord,
    StageRecord,
    TensorSpec,
    WeightsRecord,
)
from edgekit.artifact.write import write_artifact
from edgekit.cache import cache_folder
from edgekit.errors import EdgekitError
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.pipeline.plan import Plan, plan_conversion
from edgekit.pipeline.source import ModelSource
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Target
from edgekit.remembered import remembered_sha256


@dataclass(frozen=True)
class Conversion:
    """What became of one model on one target: an artifact, or the error. `unchanged`: it was there already."""

    model: str
    target: Target
    artifact: Artifact | None = None
    error: EdgekitError | None = None
    unchanged: bool = False


def convert(
    source: ModelSource, wanted: list[Target], out: Path, executor: Executor, precision: Precision = "fp32"
) -> list[Conversion]:
    """Convert `source` to every target of `wanted`; artifacts appear as `out/<model>/<target>/`.

    A target that fails does not stop the others; its error is in its Conversion.
    """
    plan = plan_conversion(source, wanted, precision)
    outcomes = executor.run([plan.program, *(plan.conversions[target.name] for target in wanted)])
    conversions = []
    for target in wanted:
        try:
            conversions.append(write_conversion(plan, target, outcomes, out))
        except EdgekitError as error:
            conversions.append(Conversion(source.name, target, error=error))
    return conversions


def write_conversion(plan: Plan, target: Target, outcomes: Outcomes, out: Path) -> Conversion:
    """Write the artifact of one target from its stage's output. Raises what the stage ended with."""
    name = plan.source.name
    program = outcomes.result(plan.program)
    conversion = outcomes.result(plan.conversions[target.name])
    manifest = make_manifest(plan, target, program, conversion)
    folder = out / name / target.name
    if (present := unchanged_artifact(folder, manifest)) is not None:
        return Conversion(name, target, present, unchanged=True)
    sources = {file: conversion.folder / record.role for file, record in manifest.files.items()}
    write_artifact(folder, sources, manifest)
    return Conversion(name, target, Artifact(folder, manifest))


def make_manifest(plan: Plan, target: Target, program: StageResult, conversion: StageResult) -> Manifest:
    """The manifest of a fresh conversion, not yet verified."""
    source = plan.source
    names = conversion.details.get("io", {"inputs": {}, "outputs": {}})
    return Manifest(
        edgekit=__version__,
        target=target.name,
        precision=plan.precision,
        batch=source.batch,
        model=ModelRecord(
            source.name,
            source.model.family,
            source.model.architecture.name,
            program.details["class_count"],
            source.weights.class_names,
        ),
        weights=WeightsRecord(source.weights.kind, source.weights.spec, source.weights.sha256, source.weights.warning),
        preprocessing=source.preprocessing,
        inputs=tensor_specs(program.details["inputs"], names["inputs"]),
        outputs=tensor_specs(program.details["outputs"], names["outputs"]),
        program_key=plan.program.key,
        stages=tuple(
            StageRecord(result.worker, result.key, result.tools, round(result.seconds, 3))
            for result in (program, conversion)
        ),
        rewrites=tuple(
            RewriteRecord(report["name"], report["applied"], tuple(report["refused"]))
            for report in conversion.details.get("rewrites", [])
        ),
        files={
            target.artifact_file(role, source.name): FileRecord(
                conversion.files[role]["sha256"], conversion.files[role]["bytes"], role
            )
            for role in target.description.files
        },
    )


def tensor_specs(described: list[dict[str, Any]], target_names: dict[str, str]) -> tuple[TensorSpec, ...]:
    """The program's inputs or outputs, with the names that the target gives them (the same where it keeps them)."""
    return tuple(
        TensorSpec(name, target_names.get(name) or name, tuple(entry["shape"]), entry["dtype"])
        for entry in described
        for name in [entry["name"]]
    )


def unchanged_artifact(folder: Path, manifest: Manifest) -> Artifact | None:
    """The artifact in `folder` where it is whole and just what would be written; its verdicts are kept."""
    from msgspec.structs import replace

    try:
        # Large files are not hashed anew each time: nothing of the artifact is run here.
        present = load_artifact(folder, lambda path: remembered_sha256(path, cache_folder()))
    except EdgekitError:
        return None
    return present if replace(present.manifest, verdicts=()) == manifest else None
