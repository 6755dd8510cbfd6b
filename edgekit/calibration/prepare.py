"""Calibration of a model: the photos that are meant, prepared for the program that is to be quantised."""

from dataclasses import replace

from edgekit.calibration.one_class import check_class_folder, one_class_note
from edgekit.calibration.photos import BUNDLED, MOST, calibration_photos, photos_in
from edgekit.calibration.prepared import CalibrationFile, calibration_file
from edgekit.inputs.size import Size
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.program import program_stage
from edgekit.pipeline.source import ModelSource
from edgekit.pipeline.store import StageResult

SMALLEST_PICTURE = 256


def prepare_calibration(source: ModelSource, executor: Executor, asked: str = BUNDLED) -> CalibrationFile:
    """The prepared photos for a model: `asked` is a folder of them, or "bundled".

    Makes the program, whose input they are for. Raises what that ends with, and UsageError for photos that will not do.
    """
    if asked != BUNDLED:
        # A mistyped folder is said before minutes are spent.
        photos_in(asked)
        check_class_folder(asked, class_names(source))
    stage = program_stage(source)
    return calibrated_program(source, executor.run([stage]).result(stage), executor, asked)


def needed_calibration(
    source: ModelSource, precision: Precision, executor: Executor, asked: str | CalibrationFile = BUNDLED
) -> CalibrationFile | None:
    """The prepared photos for a conversion to a precision; None where it needs none.

    Those that are `asked` for may be prepared already. Raises as `prepare_calibration`.
    """
    if precision != "int8":
        return None
    return asked if isinstance(asked, CalibrationFile) else prepare_calibration(source, executor, asked)


def calibrated_program(
    source: ModelSource, program: StageResult, executor: Executor, asked: str = BUNDLED
) -> CalibrationFile:
    """The prepared photos for a program that is there. Raises UsageError for photos that will not do."""
    described = program.details["inputs"][0]
    _, channels, height, width = described["shape"]
    return calibrated_input(source, described["name"], Size(height, width), executor, asked, channels)


def calibrated_input(
    source: ModelSource, name: str, size: Size, executor: Executor, asked: str = BUNDLED, channels: int = 3
) -> CalibrationFile:
    """The prepared photos for an input of that name and size. Raises UsageError for photos that will not do."""
    preprocessing = source.preprocessing_at(size, channels)
    # Larger than the input, as photos are, and at least what the usual evaluation resizes to.
    side = max(SMALLEST_PICTURE, -(-max(size) * 8 // 7))
    photos = calibration_photos(asked, side)
    store = executor.store
    found = calibration_file(photos, preprocessing, name, store.cache, store.notify)
    return with_advice(found) if asked == BUNDLED else with_classes(found, asked, class_names(source))


def class_names(source: ModelSource) -> tuple[str, ...]:
    """What the model's classes are called; empty where it is not known."""
    labels = source.described.labels
    return labels.names if labels else ()


def with_classes(found: CalibrationFile, asked: str, names: tuple[str, ...]) -> CalibrationFile:
    """The photos of a folder, with a sentence where they are of one class alone."""
    note = one_class_note(asked, found.record.photos, names)
    return replace(found, notes=(*found.notes, note)) if note else found


def with_advice(found: CalibrationFile) -> CalibrationFile:
    """The pictures that edgekit makes, with the advice to use photos."""
    advice = (
        f"INT8 is calibrated on {len(found.record.photos)} pictures that edgekit makes, as it has no photos to spare; "
        f"--calibration DIR with 100 to {MOST} photos like yours keeps more of the accuracy (docs/precision.md)"
    )
    return replace(found, notes=(*found.notes, advice))
