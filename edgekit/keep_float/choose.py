"""Which layers INT8 gives back to floating point: those whose quantisation costs most.

A worker of each target measures what the quantisation of each layer alone does to the outputs (`rank.py`). With a
limit to the drop, artifacts with the costliest 0, 1, 2, 4 ... layers in floating point are made and evaluated until one
keeps the limit, and then those between it and the last that did not.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgekit.calibration.prepared import CalibrationFile
from edgekit.conversion.write import write_conversion
from edgekit.errors import ConversionError, EdgekitError, UsageError
from edgekit.evaluate.evaluate import Wish, evaluate
from edgekit.evaluate.figures import Figures
from edgekit.evaluate.opened import check_fits, check_there
from edgekit.filesystem.scratch import working_folder
from edgekit.keep_float.wish import FloatWish
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.float_layers import AccuracyControl, FloatLayer
from edgekit.pipeline.lowering import ranking_stage
from edgekit.pipeline.plan import Plan, conversions_of, lowering_of, plan_conversion
from edgekit.pipeline.source import ModelSource
from edgekit.pipeline.target import Target

MOST_PHOTOS = 2000
"""A drop is measured on so many at most, at even distances: several artifacts have to see them."""
MOST_SHARE = 0.5
"""Of the layers: where half of them in floating point are too few, INT8 is not worth having."""


@dataclass(frozen=True)
class Measured:
    """The drop of one artifact, in percentage points with its interval, and of what."""

    points: float
    low: float
    high: float
    of: str
    photos: int


def check_wish(wish: FloatWish) -> None:
    """Raise UsageError for photos that are not there: before a model is known, so before any work."""
    if wish.data is not None:
        check_there(wish.data)


def chosen_layers(
    source: ModelSource,
    wanted: Sequence[Target],
    wish: FloatWish,
    calibration: CalibrationFile,
    executor: Executor,
    flags: Mapping[str, Sequence[str]],
    *,
    speed: Sequence[str] | None,
    machine: str | None = None,
    refused: dict[str, EdgekitError],
) -> dict[str, AccuracyControl]:
    """What to give back, by target; the error of a target for which that cannot be said goes into `refused`.

    Raises UsageError for photos on which no drop of this model can be measured, before anything is ranked.
    """
    if wish.data is not None:
        check_fits(source, executor, wish.data, MOST_PHOTOS, calibration)
    found = {}
    for target in wanted:

        def planned(names: Sequence[str], target: Target = target) -> Plan:
            return plan_conversion(
                source,
                [target],
                "int8",
                flags,
                speed=speed,
                machine=machine,
                calibration=calibration,
                keep_float={target.name: names},
            )

        try:
            ranking = ranked_layers(planned([]), target, executor)
            if wish.max_drop is None:
                found[target.name] = by_count(ranking, wish, target)
            else:
                measure = drop_of(planned, target, wish, executor)
                found[target.name] = by_drop(ranking, wish, target, measure, executor.store.notify)
        except EdgekitError as error:
            refused[target.name] = error
    return found


def ranked_layers(plan: Plan, target: Target, executor: Executor) -> list[FloatLayer]:
    """The layers that are quantised, the costliest first. Raises what a stage ends with."""
    conversions = lowering_of(plan, target)
    stage = ranking_stage(plan.source, target, plan.precision, conversions or ())
    outcomes = executor.run([*plan.programs, *stage.dependencies(), stage])
    return [FloatLayer(one["name"], one["snr_db"]) for one in outcomes.result(stage).details["layers"]]


def by_count(ranking: Sequence[FloatLayer], wish: FloatWish, target: Target) -> AccuracyControl:
    """The costliest layers, as many as asked for. Raises UsageError where nothing would be left in 8 bits."""
    assert wish.count is not None
    if wish.count >= len(ranking):
        raise UsageError(
            f"{target.name} quantises {len(ranking)} layers of this model, and {wish.count} are to stay in FP32",
            "Ask for fewer, or convert it in FP32 or FP16.",
        )
    return AccuracyControl(asked=wish.words, layers=tuple(ranking[: wish.count]), ranked=len(ranking))


def by_drop(
    ranking: Sequence[FloatLayer],
    wish: FloatWish,
    target: Target,
    measure: Callable[[Sequence[str]], Measured],
    notify: Callable[[str], None] = lambda _: None,
) -> AccuracyControl:
    """The fewest of the costliest layers that keep the drop within the limit.

    Raises ConversionError where half of the layers do not.
    """
    assert wish.max_drop is not None
    limit = wish.max_drop
    names = [layer.name for layer in ranking]
    known: dict[int, Measured] = {}

    def kept(count: int) -> bool:
        if count not in known:
            known[count] = one = measure(names[:count])
            notify(
                f"{target.name}, {count} of {len(names)} layers in floating point: drop of {one.of} "
                f"{one.points:+.2f} points ({one.low:+.2f} to {one.high:+.2f})"
            )
        return known[count].points <= limit

    most = int(len(names) * MOST_SHARE)
    count, below = 0, -1
    while not kept(count):
        if count >= most:
            raise ConversionError(
                f"{target.name}: with the {count} costliest of {len(names)} layers in floating point the drop of "
                f"{known[count].of} is {known[count].points:.2f} points, more than {wish.max_drop:g}",
                "Allow a larger --max-drop, calibrate on photos that are more like these, or use FP16.",
            )
        below, count = count, min(most, max(1, 2 * count))
    while count - below > 1:
        middle = (count + below) // 2
        below, count = (below, middle) if kept(middle) else (middle, count)
    found = known[count]
    return AccuracyControl(
        asked=wish.words,
        layers=tuple(ranking[:count]),
        ranked=len(ranking),
        data=wish.data,
        photos=found.photos,
        of=found.of,
        drop=round(found.points, 4),
        low=round(found.low, 4),
        high=round(found.high, 4),
        drop_of_all=round(known[0].points, 4),
    )


def drop_of(
    planned: Callable[[Sequence[str]], Plan], target: Target, wish: FloatWish, executor: Executor
) -> Callable[[Sequence[str]], Measured]:
    """What measures the drop of an artifact with some layers in floating point, beside Paddle on the same photos."""
    assert wish.data is not None
    data = wish.data

    def measure(names: Sequence[str]) -> Measured:
        plan = planned(names)
        outcomes = executor.run([*plan.programs, *conversions_of(plan, target)])
        with working_folder(executor.store.cache) as folder, tempfile.TemporaryFile() as results:
            artifact = write_conversion(plan, target, outcomes, folder).artifact
            assert artifact is not None  # else an error was raised
            found = evaluate([artifact], Wish(data, limit=MOST_PHOTOS), executor, results)
            for error in found.failed.values():
                raise error
        return measured(found.evaluation.models[-1])

    return measure


def measured(figures: Figures) -> Measured:
    """The drop that counts: of the mean average precision, of top-1, or the photos whose decision changes."""
    if (drop := figures.map_drop) is not None:
        return Measured(drop.points, drop.low, drop.high, "mAP", figures.photos)
    if (drop := figures.drop) is not None:
        return Measured(drop.points, drop.low, drop.high, "top-1", figures.photos)
    share = figures.agreement
    assert share is not None  # the reference ran, else an error was raised
    return Measured(100 * (1 - share.share), 100 * (1 - share.high), 100 * (1 - share.low), "agreement", figures.photos)
