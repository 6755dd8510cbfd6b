"""The artifact of one target, written from what its stages made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from edgekit.artifact.judged import unverified
from edgekit.artifact.load import Artifact, load_artifact
from edgekit.artifact.manifest import Manifest
from edgekit.artifact.owned import ARTIFACT
from edgekit.artifact.write import as_written, write_artifact
from edgekit.cache import cache_folder
from edgekit.conversion.embedding import with_embedding
from edgekit.conversion.manifest import notes_on, planned_manifest
from edgekit.errors import EdgekitError, UsageError
from edgekit.filesystem.hashes_by_stat import remembered_sha256
from edgekit.filesystem.owned import check_kind
from edgekit.parity.verdict import Precision
from edgekit.pipeline.embedding import FOLDER_SUFFIX
from edgekit.pipeline.execute import Outcomes
from edgekit.pipeline.plan import Plan
from edgekit.pipeline.target import Target


@dataclass(frozen=True)
class Conversion:
    """What became of one model on one target: an artifact, or the error. `unchanged`: it was there already.

    `notes` are sentences that the user must read, on what was taken for granted.
    """

    model: str
    target: Target
    artifact: Artifact | None = None
    error: EdgekitError | None = None
    unchanged: bool = False
    notes: tuple[str, ...] = ()


def write_conversion(plan: Plan, target: Target, outcomes: Outcomes, out: Path) -> Conversion:
    """Write the artifact of one target from its stage's output. Raises what the stage ended with."""
    name = plan.source.name
    manifest = planned_manifest(plan, target, outcomes)
    conversion = outcomes.result(plan.conversions[target.name])
    folder = folder_of(plan.source.name, target, plan.precision, out, embedded=target.name in plan.embeddings)
    if (embedding := plan.embeddings.get(target.name)) is not None:
        conversion = outcomes.result(embedding)
        manifest = with_embedding(manifest, conversion)
    manifest = as_written(manifest)
    notes = notes_on(plan.source, outcomes.result(plan.program))
    notes = (*notes, *(plan.calibration.notes if plan.calibration else ()))
    if (present := unchanged_artifact(folder, manifest)) is not None:
        return Conversion(name, target, present, unchanged=True, notes=notes)
    sources = {file: conversion.folder / record.role for file, record in manifest.files.items()}
    return Conversion(name, target, write_artifact(folder, sources, manifest), notes=notes)


def folder_of(model: str, target: Target, precision: Precision, out: Path, *, embedded: bool) -> Path:
    """Where the artifact of one target belongs."""
    folder = out / model / target.folder(precision)
    return folder.with_name(folder.name + FOLDER_SUFFIX) if embedded else folder


def refused_places(
    model: str, wanted: Sequence[Target], precision: Precision, out: Path, *, embedded: bool
) -> dict[str, EdgekitError]:
    """The targets in whose place something lies that edgekit did not write, with what to say: before any work."""
    refused: dict[str, EdgekitError] = {}
    for target in wanted:
        try:
            check_kind(folder_of(model, target, precision, out, embedded=embedded), ARTIFACT)
        except UsageError as error:
            refused[target.name] = error
    return refused


def unchanged_artifact(folder: Path, manifest: Manifest) -> Artifact | None:
    """The artifact in `folder` where it is whole and just what would be written; its verdicts are kept."""
    try:
        # Large files are not hashed anew each time: nothing of the artifact is run here.
        present = load_artifact(folder, lambda path: remembered_sha256(path, cache_folder()))
    except EdgekitError:
        return None
    # What was tuned is of the same files, and stays.
    return present if replace(unverified(present.manifest), settings={}) == manifest else None
