"""The ranges of a program's layers, for artifacts whose format may not hold them: measured, judged, kept.

The program's own values in FP32 serve every target and precision: engines join layers and rename them, each in its way,
and hand out few. Of an FP16 artifact golden inputs are measured, of an INT8 one photos of its calibration too.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from edgekit.artifact.manifest import CalibrationRecord, Manifest, VariantVerdict
from edgekit.artifact.origin import quantisation_folder_of
from edgekit.artifact.ranges import MeasuredOn, ranges_bytes, ranges_document
from edgekit.artifact.samples import batch_of_calls
from edgekit.cache.kept import Kept, find_kept, record_of
from edgekit.cache.record import read_record
from edgekit.calibration.prepared import FOLDER, Prepared
from edgekit.errors import EdgekitError
from edgekit.parity.dead_channels import dead_channels, dead_words
from edgekit.parity.ranges import Ranges, read_ranges, with_ranges
from edgekit.parity.saturation import Integers, beyond_integers, saturation_words
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.pipeline.runs import calibrated_ranges_stage, ranges_stage
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.stage import SourceFile, Stage
from edgekit.verification.integer_ranges import integer_ranges

MEASURED = ("fp16", "int8")
FILE = "ranges.json"


@dataclass(frozen=True)
class RangeStages:
    """What measures the layers of an artifact's program: on the golden inputs, and on photos of its calibration where
    these are still prepared. `integers` are the ranges that its integers hold, where they are known.
    """

    manifest: Manifest
    samples_sha256: str
    golden: Stage
    calibration: Stage | None
    integers: Integers

    @property
    def stages(self) -> list[Stage]:
        """All that is to be run."""
        return [self.golden, *([self.calibration] if self.calibration else [])]


def range_stages(
    manifest: Manifest, program: SourceFile, golden: GoldenFile, executor: Executor, *, memory_bytes: int
) -> RangeStages | None:
    """What is to be measured for an artifact; None where its precision holds whatever FP32 holds.

    Raises AbsentError where its quantisation is no longer in the cache.
    """
    if manifest.precision not in MEASURED:
        return None
    name, batch, made_by = manifest.model.name, batch_of_calls(manifest), manifest.stages[0].stage
    photos = prepared_photos(manifest.calibration, executor.store.cache) if manifest.calibration else None
    quantisation = quantisation_folder_of(manifest, executor.store.root)
    return RangeStages(
        manifest,
        golden.sha256,
        ranges_stage(program, name, golden, batch, made_by=made_by, memory_bytes=memory_bytes),
        calibrated_ranges_stage(program, name, photos, batch, made_by=made_by, memory_bytes=memory_bytes)
        if photos
        else None,
        integer_ranges(quantisation) if quantisation else Integers(),
    )


def prepared_photos(record: CalibrationRecord, cache: Path) -> SourceFile | None:
    """The file of a calibration's photos, as the conversion has left it in the cache; None where it is gone."""
    for path in sorted((cache / FOLDER).glob("calibration-*.safetensors")):
        known = read_record(record_of(path), Kept)
        if known is None or msgspec.json.decode(known.note, type=Prepared).samples_sha256 != record.samples_sha256:
            continue
        if (found := find_kept(path, cache)) is not None:
            return SourceFile(path, record.samples_sha256, found.sha256)
    return None


@dataclass(frozen=True)
class MeasuredRanges:
    """What was measured, and what is not known since a stage has failed, or had nothing to measure."""

    stages: RangeStages
    golden: Ranges | None
    calibration: Ranges | None
    unknown: tuple[str, ...] = ()

    @property
    def both(self) -> list[Ranges]:
        """What there is."""
        return [one for one in (self.golden, self.calibration) if one is not None]


def measured_ranges(stages: RangeStages, outcomes: Outcomes) -> MeasuredRanges:
    """What the stages have found. Raises ConversionError where a worker has left something else."""
    int8, unknown = stages.manifest.precision == "int8", []
    golden = found_by(stages.golden, outcomes)
    if isinstance(golden, EdgekitError):
        within = "within what it was calibrated on" if int8 else "within FP16"
        unknown.append(f"whether its layers stay {within} is not known: {golden}")
        return MeasuredRanges(stages, None, None, tuple(unknown))
    calibration = found_by(stages.calibration, outcomes) if stages.calibration else None
    if isinstance(calibration, EdgekitError) or (int8 and calibration is None):
        why = calibration or "the photos that it was calibrated on are no longer prepared in the cache"
        unknown.append(f"whether its layers stay within what it was calibrated on is not known: {why}")
        calibration = None
    return MeasuredRanges(stages, golden, calibration, tuple(unknown))


def found_by(stage: Stage, outcomes: Outcomes) -> Ranges | EdgekitError:
    """What a stage has measured, or what it ended with."""
    outcome = outcomes.by_key[stage.key]
    return outcome if isinstance(outcome, EdgekitError) else read_ranges(outcome.folder / FILE)


def judge_ranges(found: VariantVerdict, measured: MeasuredRanges) -> VariantVerdict:
    """The verdict on a variant once it is known what values the program's layers take."""
    verdict, golden, calibration = found.verdict, measured.golden, measured.calibration
    said = [*measured.unknown]
    if golden is not None:
        if verdict.precision == "fp16":
            verdict = with_ranges(verdict, golden)
        else:
            beyond = beyond_integers(golden, calibration, measured.stages.integers)
            said.append(saturation_words(beyond, calibration.samples if calibration else 0))
        said.append(dead_words(dead_channels(measured.both)))
    return replace(found, verdict=replace(verdict, warnings=(*verdict.warnings, *filter(None, said))))


def ranges_content(measured: MeasuredRanges) -> bytes | None:
    """The content of `ranges.json`; None where nothing was measured."""
    stages, golden, calibration = measured.stages, measured.golden, measured.calibration
    if golden is None:
        return None
    record = stages.manifest.calibration
    document = ranges_document(
        stages.manifest.model.name,
        stages.manifest.program_key,
        (golden, MeasuredOn(golden.samples, stages.samples_sha256)),
        (calibration, MeasuredOn(calibration.samples, record.samples_sha256)) if calibration and record else None,
        dead_channels(measured.both),
        stages.integers.extents,
    )
    return ranges_bytes(document)
