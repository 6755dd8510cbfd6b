"""Preprocessing inside a model: the stage that folds it into a converted model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgekit.bundled import bundled_folder
from edgekit.errors import UsageError
from edgekit.inputs.preprocessing import FUSED, Preprocessing
from edgekit.pipeline.stage import Stage, StageFile
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
