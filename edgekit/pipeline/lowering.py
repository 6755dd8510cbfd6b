"""Precisions that are made of the files of an FP32 conversion, and what each layer's quantisation costs."""

from collections.abc import Sequence
from typing import Any

from edgekit.calibration.prepared import CalibrationFile
from edgekit.errors import UsageError
from edgekit.parity.verdict import Precision
from edgekit.pipeline.program import PROGRAM
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
    """What makes `precision` of what `base` leaves: the conversion of what `Target.lowering` names, or the program.

    `keep_float` are layers that INT8 leaves in FP32, besides the recipe's for `target`.
    """
    found = target.lowering(precision)
    assert found is not None  # the caller has asked
    lowered, whose = found
    chosen = source.recipe.targets.get(target.name)
    inputs: dict[str, SourceFile | StageFile] = dict(inputs_of(base, whose))
    options: dict[str, Any] = lowered.options | (chosen.lowered.get(precision, {}) if chosen else {})
    if lowered.calibrated:
        assert calibration is not None  # whoever plans INT8 has prepared the photos
        inputs["calibration"] = calibration.source
        fixed = [one.layers for one in (chosen.keep_float if chosen else ()) if one.covers(source.name)]
        kept = [*options.get("keep_float", []), *(name for layers in fixed for name in layers)]
        if kept := list(dict.fromkeys([*kept, *keep_float])):
            options["keep_float"] = kept
    further = "" if whose == target else f" for {target.description.title}"
    title = whose.description.title if whose else "program in"
    return Stage(
        worker=lowered.worker,
        about=f"{title} {precision.upper()} of {source.name}{further}",
        inputs=inputs,
        options={"batch": source.batch, **options},
        memory_bytes=base.memory_bytes,
        limits=LIMITS,
    )


def ranking_stage(source: ModelSource, target: Target, precision: Precision, conversions: Sequence[Stage]) -> Stage:
    """What measures what each layer of a target costs in `precision`.

    `conversions` are those that lead to it: in FP32, and the one that was made of that (`lowering_of`). Raises
    UsageError where nothing measures that.
    """
    found = target.lowering(precision)
    if found is None or found[0].ranker is None:
        able = [name for name, one in targets().items() if (other := one.lowering(precision)) and other[0].ranker]
        raise UsageError(
            f"the layers of {target.name} are not ranked by what their quantisation costs",
            f"Targets whose layers are: {', '.join(able)}.",
        )
    lowered, whose = found
    assert lowered.ranker is not None  # as was asked above
    base, made = conversions
    quantised = (*(whose.description.files if whose else ()), RECORD)
    return Stage(
        worker=lowered.ranker,
        about=f"{target.description.title} {precision.upper()} layers of {source.name}",
        inputs={
            **inputs_of(base, whose),
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


def inputs_of(base: Stage, whose: Target | None) -> dict[str, StageFile]:
    """What is read of a conversion in FP32 to a target; where that is None, `base` has made the program."""
    if whose is None:
        return {PROGRAM: StageFile(base)}
    return {role: StageFile(base, role) for role in whose.description.files}
