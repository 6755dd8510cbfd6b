"""Preprocessing inside a model: the stage that folds it into a converted model, and what a manifest then says."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from edgekit.artifact.manifest import FileRecord, Manifest, StageRecord, TensorSpec
from edgekit.bundled import bundled_folder
from edgekit.errors import UsageError
from edgekit.inputs.preprocessing import FUSED, Preprocessing
from edgekit.pipeline.stage import Stage, StageFile
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Target, targets

if TYPE_CHECKING:
    from edgekit.pipeline.source import ModelSource

WORKER = "embed.py"
# An artifact that takes photos is not the one that takes tensors: they lie side by side.
FOLDER_SUFFIX = "-embedded"


def embeds(target: Target) -> bool:
    """Whether preprocessing can be folded into a model of this target."""
    return (bundled_folder("converters") / target.worker(WORKER)).exists()


def check_embedding(wanted: Sequence[Target]) -> None:
    """Raise UsageError where a target of `wanted` has no place for the preprocessing."""
    without = [target.name for target in wanted if not embeds(target)]
    if without:
        able = [name for name, target in targets().items() if embeds(target)]
        raise UsageError(
            f"--embed-preprocessing is not possible for {', '.join(without)}: edgekit folds preprocessing only into "
            f"models of {' and '.join(able)}",
            f"Name those targets alone, as in --target {','.join(able)}.",
        )


def embedding_stage(source: "ModelSource", target: Target, conversion: Stage) -> Stage:
    """The stage that folds normalisation and layout of `source` into what `conversion` makes.

    Raises UsageError where photos are padded with what 8 bits cannot say.
    """
    spec = normalisation_of(source)
    if not spec.pads_with_levels:
        raise UsageError(
            f"photos for {source.name} are padded with {spec.pad_levels.tolist()}, which lie between levels of 8 bits",
            "Leave --embed-preprocessing out, or give a whole pad_value in a recipe.",
        )
    minimum, divisor, mean, std = (values.tolist() for values in spec.constants)
    return Stage(
        worker=target.worker(WORKER),
        about=f"{target.description.title} preprocessing of {source.name}",
        inputs={role: StageFile(conversion, role) for role in target.description.files},
        options={
            "min_value": minimum,
            "divide_by": divisor,
            "mean": mean,
            "std": std,
            "fused": spec.normalisation == FUSED,
        },
        memory_bytes=conversion.memory_bytes,
        limits=conversion.limits,
    )


def normalisation_of(source: "ModelSource") -> Preprocessing:
    """The preprocessing whose normalisation a model needs, which does not depend on its size."""
    from edgekit.pipeline.source import CatalogSource, ProgramSource

    if isinstance(source, CatalogSource):
        return source.preprocessing
    assert isinstance(source, ProgramSource)
    return source.usual_preprocessing


def with_embedding(manifest: Manifest, embedding: StageResult) -> Manifest:
    """The manifest of a converted model, now that the preprocessing is inside it."""
    described = {entry["name"]: entry for entry in embedding.details["inputs"]}
    return replace(
        manifest,
        embedded_preprocessing=True,
        inputs=tuple(with_shape(spec, described[spec.target_name]) for spec in manifest.inputs),
        stages=(
            *manifest.stages,
            StageRecord(embedding.worker, embedding.key, embedding.tools, round(embedding.seconds, 3)),
        ),
        files={
            name: FileRecord(embedding.files[record.role]["sha256"], embedding.files[record.role]["bytes"], record.role)
            for name, record in manifest.files.items()
        },
    )


def with_shape(spec: TensorSpec, described: dict) -> TensorSpec:
    """`spec` with the shape and dtype that a worker found."""
    return replace(spec, shape=tuple(described["shape"]), dtype=described["dtype"])
