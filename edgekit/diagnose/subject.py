"""What is diagnosed: an artifact, whatever its files' hashes, or a conversion that failed before there was one."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from edgekit.artifact.load import AGAIN, Artifact, read_manifest
from edgekit.artifact.manifest import FileRecord, Manifest
from edgekit.artifact.origin import program_folder_of
from edgekit.conversion.manifest import make_manifest
from edgekit.conversion.write import write_conversion
from edgekit.diagnose.steps import by_the_way_taken, finished, with_program_rewrites, with_rewrites
from edgekit.errors import EdgekitError, UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.plan import Plan, plan_conversion, programs_of
from edgekit.pipeline.source import ModelSource
from edgekit.pipeline.stage import Stage
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Target, targets
from edgekit.recipe.load import load_recipe, recipe_for
from edgekit.recipe.schema import Recipe
from edgekit.weights import ResolvedWeights


@dataclass(frozen=True, kw_only=True)
class RecordedSource(ModelSource):
    """What a manifest tells of the source of an artifact: enough to convert its program again."""

    manifest: Manifest

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.model.name

    @property
    def family(self) -> str:
        """Its family."""
        return self.manifest.model.family

    @property
    def architecture_name(self) -> str:
        """Its architecture's name."""
        return self.manifest.model.architecture

    @property
    def parameters(self) -> int | None:
        """Not recorded."""
        return None


@dataclass(frozen=True)
class Subject:
    """`artifact` is None where the conversion ended with `failure`; then `manifest` holds what is known before it.

    `changed_files` no longer have the hash that the manifest gives them; `artifact` has their present ones.
    `converted` is the conversion that made it, where that is known.
    """

    target: Target
    manifest: Manifest
    plan: Plan
    family: Recipe
    artifact: Artifact | None = None
    changed_files: tuple[str, ...] = ()
    converted: Stage | None = None
    failure: EdgekitError | None = None


def open_artifact(folder: Path) -> tuple[Artifact, tuple[str, ...]]:
    """The artifact in `folder` with its files' present hashes, and the names of those that have changed.

    Raises UsageError where it is none, or lacks a file.
    """
    manifest = read_manifest(folder)
    files, changed = {}, []
    for name, record in manifest.files.items():
        path = folder / name
        if Path(name).name != name:
            raise UsageError(f"the manifest of {folder} names a file outside its folder: {name}", AGAIN)
        if not path.is_file():
            raise UsageError(f"the artifact {folder} lacks its file {name}", AGAIN)
        present = FileRecord(file_sha256(path), path.stat().st_size, record.role)
        files[name] = present
        if present.sha256 != record.sha256:
            changed.append(name)
    return Artifact(folder, msgspec.structs.replace(manifest, files=files)), tuple(changed)


def artifact_subject(folder: Path, executor: Executor) -> Subject:
    """An artifact on disk, with the program in the cache that it was made from.

    Raises UsageError where it is none, AbsentError where the program is gone.
    """
    artifact, changed = open_artifact(folder)
    manifest = artifact.manifest
    if manifest.embedded_preprocessing:
        raise UsageError(
            f"the artifact {folder} has its preprocessing embedded, and diagnosis feeds tensors",
            "Diagnose the one converted without --embed-preprocessing.",
        )
    if manifest.precision.startswith("int"):
        raise UsageError(
            f"the artifact {folder} is {manifest.precision.upper()}, whose every layer is off by its rounding, and "
            "diagnosis looks for a fault",
            f"Diagnose the FP32 one that it was made from: convert it without --precision {manifest.precision}.",
        )
    program = program_folder_of(manifest, executor.store.root)
    family, target = family_recipe(manifest), targets()[manifest.target]
    made_by = finished(manifest.stages[0].stage, program.name)
    weights = msgspec.convert({**msgspec.to_builtins(manifest.weights), "label": "", "path": None}, ResolvedWeights)
    source = RecordedSource(recipe=family, weights=weights, batch=manifest.batch, manifest=manifest)
    of_program, for_speed, of_target = (
        tuple(one.name for one in manifest.rewrites if one.of == graph) for graph in ("program", "speed", "target")
    )
    plan = Plan(source, manifest.precision, made_by, {}, speed=for_speed)
    plan = by_the_way_taken(with_program_rewrites(plan, of_program), target, manifest.build)
    plan = with_rewrites(plan, target.name, of_target)
    return Subject(target, manifest, plan, family, artifact, changed, recorded_conversion(manifest, executor))


def recorded_conversion(manifest: Manifest, executor: Executor) -> Stage | None:
    """The conversion that made an artifact, where the store still holds it."""
    made = manifest.stages[-1]
    if len(manifest.stages) < 2 or not re.fullmatch("[0-9a-f]{64}", made.key):
        return None
    # A manifest may come from anybody, and this becomes a path.
    if not re.fullmatch(rf"{re.escape(manifest.target)}/\w+\.py", made.stage):
        return None
    stage = finished(made.stage, made.key)
    return stage if executor.store.find(stage) else None


def for_one(plan: Plan, target: Target) -> Plan:
    """The plan with a target's rewrites for speed for all that it is made from: the same stages, told by their own."""
    return replace(plan, speed=plan.speed_rewrites(target.name), conversions={}, bases={})


def model_subject(source: ModelSource, target: Target, out: Path, executor: Executor) -> Subject:
    """A model converted to `target` into `out`, or what its conversion ended with.

    Raises what an earlier step ended with: without a program there is nothing to compare with.
    """
    plan = plan_conversion(source, [target])
    stage = plan.conversions[target.name]
    outcomes = executor.run([*plan.programs, stage])
    later = [outcomes.by_key[one.key] for one in programs_of(plan, target)[1:]]
    programs = [outcomes.result(plan.program), *(one for one in later if isinstance(one, StageResult))]
    failed = outcomes.failed_at(stage)
    if failed is None:
        conversion = write_conversion(plan, target, outcomes, out)
        assert conversion.artifact is not None  # it raises where there is none
        manifest, artifact, failure = conversion.artifact.manifest, conversion.artifact, None
        plan = by_the_way_taken(for_one(plan, target), target, manifest.build)
    else:
        error = outcomes.by_key[stage.key]
        assert isinstance(error, EdgekitError)
        manifest, artifact, failure = make_manifest(plan, target, programs, nothing(target, stage)), None, error
    return Subject(target, manifest, plan, recipe_for(source.family), artifact, (), stage, failure)


def nothing(target: Target, stage: Stage) -> StageResult:
    """What stands in for the result of a conversion that failed, so that a manifest can be made."""
    empty = {role: {"sha256": "", "bytes": 0} for role in target.description.files}
    return StageResult(Path(), stage.key, stage.worker, empty, {}, {}, 0.0, 0.0, 0)


def family_recipe(manifest: Manifest) -> Recipe:
    """The recipe that an artifact was made with: the user's own where it is still there, else the family's."""
    own = Path(manifest.recipe.file) if manifest.recipe else None
    if own is not None and own.is_file():
        return load_recipe(own, manifest.model.family)
    return recipe_for(manifest.model.family)
