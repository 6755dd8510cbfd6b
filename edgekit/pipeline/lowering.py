"""Precisions that are made of the files of an FP32 conversion, and what each layer's quantisation costs."""

from collections.abc import Sequence

from edgekit.calibration.prepared import CalibrationFile
from edgekit.errors import UsageError
from edgekit.parity.verdict import Precision
from edgekit.pipeline.source import ModelSource
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.target import Target, targets
from edgekit.toolchain.worker import Limits

# A quantisation runs some hundred photos through the model.
LIMITS = Limits(seconds=3600, memory_bytes=10 << 30, threads=2)
RECORD = "quantisation.safetensors"
"""What a quantisation chose, beside the files that it leaves."""


def lowering_stage(
    source: ModelSource,
    target: Target,
    precision: Precision,
    base: Stage,
    calibration: CalibrationFile | None,
    keep_float: Sequence[str],
) -> Stage:
    """What makes `precision` of the files that `base`, the conversion in FP32, leaves.

    `keep_float` are layers that INT8 leaves in FP32, besides the recipe's.
    """
    lowered = target.description.lowered[precision]
    chosen = source.recipe.targets.get(target.name)
    inputs: dict[str, SourceFile | StageFile] = {role: StageFile(base, role) for role in target.description.files}
    options = dict(chosen.lowered.get(precision, {})) if chosen else {}
    if lowered.calibrated:
        assert calibration is not None  # whoever plans INT8 has prepared the photos
        inputs["calibration"] = calibration.source
        fixed = [one.layers for one in (chosen.keep_float if chosen else ()) if one.covers(source.name)]
        kept = [*options.get("keep_float", []), *(name for layers in fixed for name in layers)]
        if kept := list(dict.fromkeys([*kept, *keep_float])):
            options["keep_float"] = kept
    return Stage(
        worker=lowered.worker,
        about=f"{target.description.title} {precision.upper()} of {source.name}",
        inputs=inputs,
        options={"batch": source.batch, **options},
        memory_bytes=base.memory_bytes,
        limits=LIMITS,
    )


def ranking_stage(source: ModelSource, target: Target, precision: Precision, conversions: Sequence[Stage]) -> Stage:
    """What measures what each layer of a target costs in `precision`.

    `conversions` are those that lead to it: in FP32, and the one that was made of that (`conversions_of`). Raises
    UsageError where nothing measures that.
    """
    lowered = target.description.lowered.get(precision)
    if lowered is None or lowered.ranker is None:
        able = [
            name for name, one in targets().items() if any(each.ranker for each in one.description.lowered.values())
        ]
        raise UsageError(
            f"the layers of {target.name} are not ranked by what their quantisation costs",
            f"Targets whose layers are: {', '.join(able)}.",
        )
    base, made = conversions
    quantised = (*target.description.files, RECORD)
    return Stage(
        worker=lowered.ranker,
        about=f"{target.description.title} {precision.upper()} layers of {source.name}",
        inputs={
            **{role: StageFile(base, role) for role in target.description.files},
            "calibration": made.inputs["calibration"],
            **{f"quantised/{role}": StageFile(made, role) for role in quantised},
        },
        options={
            **{name: value for name, value in made.options.items() if name != "keep_float"},
            "threads": LIMITS.threads,
        },
        memory_bytes=2 * made.memory_bytes,
        limits=LIMITS,
    )
