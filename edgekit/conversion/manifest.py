"""The manifest of a conversion: from the plan and what its stages told."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from edgekit import __version__
from edgekit.artifact.manifest import (
    ConfigurationRecord,
    FileRecord,
    Layout,
    Manifest,
    ModelRecord,
    RecipeRecord,
    RewriteRecord,
    RewrittenGraph,
    StageRecord,
    TensorKind,
    TensorSpec,
    WeightsRecord,
)
from edgekit.errors import UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.inputs.size import Size
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Outcomes
from edgekit.pipeline.output_kinds import told_outputs
from edgekit.pipeline.plan import SPEEDER, Plan, lowering_of, programs_of
from edgekit.pipeline.source import ModelSource, ProgramSource
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Target


def planned_manifest(plan: Plan, target: Target, outcomes: Outcomes) -> Manifest:
    """The manifest of what was converted as planned, not yet verified. Raises what a stage ended with."""
    programs = [outcomes.result(stage) for stage in programs_of(plan, target)]
    conversion = outcomes.result(plan.conversions[target.name])
    lowering = lowering_of(plan, target)
    if lowering is None:
        return make_manifest(plan, target, programs, conversion)
    base, lowered = (outcomes.result(stage) for stage in lowering)
    if lowered.key == conversion.key:
        manifest = with_lowering(make_manifest(plan, target, programs, base), lowered)
    else:
        manifest = after_lowering(make_manifest(plan, target, programs, conversion), lowered)
    return replace(
        manifest,
        calibration=plan.calibration.record if plan.calibration else None,
        accuracy_control=plan.controls.get(target.name),
    )


def with_lowering(manifest: Manifest, lowered: StageResult) -> Manifest:
    """The manifest of an FP32 conversion, once another precision was made of its files."""
    return replace(remade(manifest, lowered), build={**manifest.build, **lowered.details.get("build", {})})


def after_lowering(manifest: Manifest, lowered: StageResult) -> Manifest:
    """The manifest of a conversion that has read files which another precision was made of."""
    *programs, conversion = manifest.stages
    return replace(
        manifest,
        build={**lowered.details.get("build", {}), **manifest.build},
        stages=(*programs, stage_record(lowered), conversion),
    )


def remade(manifest: Manifest, last: StageResult) -> Manifest:
    """The manifest of an artifact whose files a further stage has made anew."""
    return replace(
        manifest,
        stages=(*manifest.stages, stage_record(last)),
        files={name: file_record(last, record.role) for name, record in manifest.files.items()},
    )


def file_record(result: StageResult, role: str) -> FileRecord:
    """What a manifest tells of a file that a stage has made."""
    made = result.files[role]
    return FileRecord(made["sha256"], made["bytes"], role)


def stage_record(result: StageResult) -> StageRecord:
    """What a manifest tells of a stage."""
    return StageRecord(result.worker, result.key, result.tools, round(result.seconds, 3))


def make_manifest(plan: Plan, target: Target, programs: Sequence[StageResult], conversion: StageResult) -> Manifest:
    """The manifest of a fresh conversion, not yet verified; `programs` are the results of `programs_of`."""
    source, program = plan.source, programs[0]
    bound = {one.name: one.machines for one in plan.speed_choices(target.name)}
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
            "; ".join(filter(None, (source.weights.warning, *source.described.notes, *notes_on(source, program))))
            or None,
            source.weights.prefix,
        ),
        recipe=recipe_record(source, plan.precision),
        configuration=configuration_record(source),
        preprocessing=source.preprocessing_at(*size_and_channels(program)),
        preprocessing_flags=dict(source.changes),
        speed_rewrites=plan.speed != (),
        made_for=plan.machine if plan.speed is None else None,
        build=conversion.details.get("build", {}),
        inputs=laid_out(
            tensor_specs(program.details["inputs"], names["inputs"], "image"), conversion.details.get("layouts", {})
        ),
        outputs=outputs,
        program_key=plan.program.key,
        stages=tuple(stage_record(result) for result in (*programs, conversion)),
        rewrites=(
            *(record for result in programs for record in rewrite_records(result, of_program(result), bound)),
            *rewrite_records(conversion, "target"),
        ),
        files={
            target.artifact_file(role, source.name): file_record(conversion, role) for role in target.description.files
        },
    )


def size_and_channels(program: StageResult) -> tuple[Size, int]:
    """The size and the channels of a program's input, [N, C, H, W]."""
    _, channels, height, width = program.details["inputs"][0]["shape"]
    return Size(height, width), channels


def of_program(result: StageResult) -> RewrittenGraph:
    """Of what a stage's rewrites are that makes a program of a program."""
    return "speed" if result.worker == SPEEDER else "program"


def rewrite_records(
    result: StageResult, of: RewrittenGraph, bound: Mapping[str, tuple[str, ...]] | None = None
) -> list[RewriteRecord]:
    """What a stage's rewrites did; `bound` are the instruction sets of those for speed."""
    machines = (bound or {}) if of == "speed" else {}
    return [
        RewriteRecord(report["name"], report["applied"], tuple(report["refused"]), of, machines.get(report["name"], ()))
        for report in result.details.get("rewrites", [])
    ]


def notes_on(source: ModelSource, program: StageResult) -> tuple[str, ...]:
    """What the making of the program has shown and the user must know; what was known before is said by then."""
    found = [assumed_size(source, program), unfitting_labels(source, program.details["class_count"])]
    return (*filter(None, found), *program.details.get("notes", []))


def assumed_size(source: ModelSource, program: StageResult) -> str | None:
    """What the user must know of an input size that nobody has said; None where somebody has."""
    if not isinstance(source, ProgramSource) or not program.details.get("size_was_open") or source.size_is_said:
        return None
    size, _ = size_and_channels(program)
    return f"{source.name} leaves its input size open, and {size} px is the recipe's; --input-size gives another"


def model_record(source: ModelSource, outputs: tuple[TensorSpec, ...]) -> ModelRecord:
    """Which model it is, by its first output; features are of no class."""
    first, count = outputs[0], outputs[0].shape[1]
    if first.kind == "features":
        return ModelRecord(source.name, source.family, source.architecture_name, None, feature_count=count)
    names, asked = checked_class_names(source, count), source.described.labels_asked
    return ModelRecord(source.name, source.family, source.architecture_name, count, names, asked)


def checked_class_names(source: ModelSource, class_count: int) -> tuple[str, ...] | None:
    """The classes' names. Raises UsageError where somebody has given them, and they are not as many as the classes."""
    labels = source.described.labels
    if labels is None or unfitting_labels(source, class_count):
        return None
    if len(labels.names) != class_count:
        raise UsageError(
            f"{source.name} tells {class_count} classes apart, and {labels.origin} names {len(labels.names)}",
            "Correct the list, or give another one with --labels FILE.",
        )
    return labels.names


def unfitting_labels(source: ModelSource, class_count: int) -> str | None:
    """What the user must know of names that were assumed, and are not as many as the classes; None where they are."""
    labels = source.described.labels
    if labels is None or not labels.assumed or len(labels.names) == class_count:
        return None
    return (
        f"{source.name} tells {class_count} classes apart, and {labels.origin} names {len(labels.names)}: its classes "
        "stay without names; --labels FILE gives them"
    )


def configuration_record(source: ModelSource) -> ConfigurationRecord | None:
    """The configuration that was followed, or that none was to be; None where there was none."""
    asked, found = source.described.asked, source.described.configuration
    if found is None:
        return ConfigurationRecord(asked=asked) if asked else None
    return ConfigurationRecord(str(found.path), file_sha256(found.path), found.form, asked)


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


def laid_out(specs: tuple[TensorSpec, ...], layouts: Mapping[str, Layout]) -> tuple[TensorSpec, ...]:
    """Images as a converter laid them out: `layouts` by the target's names, of those whose channels come last."""
    found = []
    for spec in specs:
        if (layout := layouts.get(spec.target_name)) is not None:
            batch, channels, height, width = spec.shape
            spec = replace(spec, shape=(batch, height, width, channels), layout=layout)
        found.append(spec)
    return tuple(found)
