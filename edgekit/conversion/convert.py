"""Converts a model: runs the plan's stages and writes an artifact for each target."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgekit.calibration.photos import BUNDLED
from edgekit.calibration.prepare import needed_calibration
from edgekit.calibration.prepared import CalibrationFile
from edgekit.conversion.write import Conversion, refused_places, write_conversion
from edgekit.elsewhere import with_way_out
from edgekit.errors import EdgekitError, OperatorError
from edgekit.keep_float.wish import NOTHING, FloatWish
from edgekit.parity.verdict import Precision
from edgekit.pipeline.embedding import check_embedding
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.float_layers import AccuracyControl
from edgekit.pipeline.plan import conversions_of, plan_conversion
from edgekit.pipeline.source import ModelSource
from edgekit.pipeline.target import Target, check_precision


def convert(
    source: ModelSource,
    wanted: list[Target],
    out: Path,
    executor: Executor,
    precision: Precision = "fp32",
    flags: Mapping[str, Sequence[str]] | None = None,
    *,
    embed_preprocessing: bool = False,
    speed: Sequence[str] | None = None,
    machine: str | None = None,
    calibration: str | CalibrationFile = BUNDLED,
    keep_float: FloatWish = NOTHING,
) -> list[Conversion]:
    """Convert `source` to every target of `wanted`; artifacts appear as `out/<model>/<target>/`, or `<target>-fp16`.

    `flags` are those that some targets take (`parse_flags`). With `embed_preprocessing` the models take 8-bit photos,
    and their folders end in `-embedded`. `speed` names the rewrites for speed where they are not those that the
    recipe has for the instruction set `machine` (None: this machine's).
    INT8 is calibrated on the photos in the folder `calibration`, or on the "bundled" pictures, or on photos that are
    prepared already, and leaves layers in FP32 as `keep_float` wants it. A target that fails does not stop the others;
    its error is in its Conversion. What a target's place or the photos rule out is said before any work.
    Raises UsageError where a target cannot be had in `precision`, or with its preprocessing embedded.
    """
    check_precision(wanted, precision)
    if embed_preprocessing:
        check_embedding(wanted)
    refused = refused_places(source.name, wanted, precision, out, embedded=embed_preprocessing)
    able = [target for target in wanted if target.name not in refused]
    prepared: CalibrationFile | None = None
    controls: dict[str, AccuracyControl] = {}
    try:
        if able and keep_float.ranks:
            # It brings in all of what evaluates, which few conversions need.
            from edgekit.keep_float.choose import check_wish, chosen_layers

            check_wish(keep_float)
            prepared = needed_calibration(source, precision, executor, calibration)
            assert prepared is not None  # the command line asks for int8
            controls = chosen_layers(
                source,
                able,
                keep_float,
                prepared,
                executor,
                flags or {},
                speed=speed,
                machine=machine,
                refused=refused,
            )
        elif able:
            prepared = needed_calibration(source, precision, executor, calibration)
    except EdgekitError as error:
        refused |= {target.name: error for target in able}
    names = {target.name: keep_float.names for target in wanted}
    names |= {name: [layer.name for layer in control.layers] for name, control in controls.items()}
    plan = plan_conversion(
        source,
        [target for target in wanted if target.name not in refused],
        precision,
        flags,
        embed_preprocessing=embed_preprocessing,
        refused=refused,
        speed=speed,
        machine=machine,
        calibration=prepared,
        keep_float=names,
        controls=controls,
    )
    converted = [stage for target in wanted if target.name not in refused for stage in conversions_of(plan, target)]
    embeddings = [stage for name, stage in plan.embeddings.items() if name not in refused]
    outcomes = executor.run([*plan.programs, *converted, *embeddings] if converted else [])
    conversions = []
    for target in wanted:
        try:
            if target.name in refused:
                raise refused[target.name]
            conversions.append(write_conversion(plan, target, outcomes, out))
        except OperatorError as error:
            told = with_way_out(error, plan, wanted, executor)
            conversions.append(Conversion(source.name, target, error=told))
        except EdgekitError as error:
            conversions.append(Conversion(source.name, target, error=error))
    return conversions
