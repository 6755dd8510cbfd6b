"""Converts a model: runs the plan's stages and writes an artifact for each target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit import __version__
from edgekit.artifact.load import Artifact, load_artifact
from edgekit.artifact.manifest import (
    FileRecord,
    Manifest,
    ModelRecord,
    RecipeRecord,
    RewriteRecord,
    StageRecord,
    TensorKind,
    TensorSpec,
    WeightsRecord,
)
from edgekit.artifact.write import write_artifact
from edgekit.cache import cache_folder
from edgekit.errors import EdgekitError, UsageError
from edgekit.hashing import file_sha256
from edgekit.parity.verdict import Precision
from edgekit.pipeline.embedding import FOLDER_SUFFIX, check_embedding, with_embedding
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.pipeline.output_kinds import told_outputs
from edgekit.pipeline.plan import Plan, plan_conversion
from edgekit.pipeline.source import ModelSource, ProgramSource
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Target, check_precision
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
    source: ModelSource,
    wanted: list[Target],
    out: Path,
    executor: Executor,
    precision: Precision = "fp32",
    flags: Mapping[str, Sequence[str]] | None = None,
    *,
    embed_preprocessing: bool = False,
) -> list[Conversion]:
    """Convert `source` to every target of `wanted`; artifacts appear as `out/<model>/<target>/`, or `<target>-fp16`.

    `flags` are those that some targets take (`parse_flags`). With `embed_preprocessing` the models take 8-bit photos,
    and their folders end in `-embedded`. A target that fails does not stop the others; its error is in its Conversion.
    Raises UsageError where a target cannot be had in `precision`, or with its preprocessing embedded.
    """
    check_precision(wanted, precision)
    if embed_preprocessing:
        check_embedding(wanted)
    refused: dict[str, EdgekitError] = {}
    plan = plan_conversion(source, wanted, precision, flags, embed_preprocessing=embed_preprocessing, refused=refused)
    converted = [plan.conversions[target.name] for target in wanted if target.name not in refused]
    outcomes = executor.run([plan.program, *converted, *plan.embeddings.values()] if converted else [])
    conversions = []
    for target in wanted:
        try:
            if target.name in refused:
                raise refused[target.name]
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
    folder = out / name / target.folder(plan.precision)
    if (embedding := plan.embeddings.get(target.name)) is not None:
        conversion = outcomes.result(embedding)
        manifest = with_embedding(manifest, conversion)
        folder = folder.with_name(folder.name + FOLDER_SUFFIX)
    if (present := unchanged_artifact(folder, manifest)) is not None:
        return Conversion(name, target, present, unchanged=True)
    sources = {file: conversion.folder / record.role for file, record in manifest.files.items()}
    write_artifact(folder, sources, manifest)
    return Conversion(name, target, Artifact(folder, manifest))


def make_manifest(plan: Plan, target: Target, program: StageResult, conversion: StageResult) -> Manifest:
    """The manifest of a fresh conversion, not yet verified."""
    source = plan.source
    names = conversion.details.get("io", {"inputs": {}, "outputs": {}})
    outputs = tensor_specs(told_outputs(source, program.details["outputs"]), names["outputs"])
    return Manifest(
        edgekit=__version__,
        target=target.name,
        precision=plan.precision,
        batch=source.batch,
        model=model_record(source, outputs),
        weights=WeightsRecord(
            source.weights.kind,
            source.weights.spec,
            source.weights.sha256,
            source.weights.warning or assumed_size(source, program),
        ),
        recipe=recipe_record(source, plan.precision),
        # The input is square: the workers refuse another.
        preprocessing=source.preprocessing_at(program.details["inputs"][0]["shape"][-1]),
        build=conversion.details.get("build", {}),
        inputs=tensor_specs(program.details["inputs"], names["inputs"], "image"),
        outputs=outputs,
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


def assumed_size(source: ModelSource, program: StageResult) -> str | None:
    """What the user must know of an input size that nobody has said; None where somebody has."""
    if not isinstance(source, ProgramSource) or not program.details.get("size_was_open") or source.size_is_said:
        return None
    size = program.details["inputs"][0]["shape"][-1]
    return f"{source.name} leaves its input size open, and {size} px is the recipe's; --input-size gives another"


def model_record(source: ModelSource, outputs: tuple[TensorSpec, ...]) -> ModelRecord:
    """Which model it is, by its first output; features are of no class."""
    first, count = outputs[0], outputs[0].shape[1]
    if first.kind == "features":
        return ModelRecord(source.name, source.family, source.architecture_name, None, None, count)
    names = checked_class_names(source, count)
    return ModelRecord(source.name, source.family, source.architecture_name, count, names)


def checked_class_names(source: ModelSource, class_count: int) -> tuple[str, ...] | None:
    """The classes' names. Raises UsageError where they are not as many as the classes."""
    names = source.weights.class_names
    if names is not None and len(names) != class_count:
        raise UsageError(
            f"{source.name} tells {class_count} classes apart, and the configuration beside it names {len(names)}",
            "Correct the label list, or remove it.",
        )
    return names


def recipe_record(source: ModelSource, precision: Precision) -> RecipeRecord | None:
    """The user's own recipe as it is now; None where the project's are followed."""
    if source.recipe_file is None:
        return None
    return RecipeRecord(str(source.recipe_file), file_sha256(source.recipe_file), source.recipe.tolerance(precision))


def tensor_specs(
    described: list[dict[str, Any]], target_names: dict[str, str], kind: TensorKind = "logits"
) -> tuple[TensorSpec, ...]:
    """The program's inputs or outputs, with the names that the target gives them (the same where it keeps them).

    `kind` is theirs where the program's description does not say.
    """
    return tuple(
        TensorSpec(
            name,
            target_names.get(name) or name,
            tuple(entry["shape"]),
            entry["dtype"],
            entry.get("kind", kind),
            entry.get("known_from", ""),
            tuple(entry.get("thresholds", ())),
        )
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
    unverified = replace(present.manifest, verdicts=(), golden={}, samples=None)
    return present if unverified == manifest else None
