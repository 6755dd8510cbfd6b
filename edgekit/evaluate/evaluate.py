"""Evaluates artifacts on photos: each in its own runtime, and the program they were made from in Paddle in FP32."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from edgekit import __version__
from edgekit.artifact.load import Artifact
from edgekit.devices.remote_machine import AnyMachine
from edgekit.errors import AbsentError, ConversionError, EdgekitError, UsageError
from edgekit.evaluate.counting import REFERENCE, count
from edgekit.evaluate.dataset import Photo, chosen
from edgekit.evaluate.feeding import Album
from edgekit.evaluate.figures import Evaluation
from edgekit.evaluate.opened import opened
from edgekit.evaluate.output_log import FOLDER, OutputLog
from edgekit.evaluate.passes import Pass, Watch, run_pass
from edgekit.evaluate.rows import FORMAT, SCHEMA, Header, Row, SubjectRecord, line_of, photo_rows
from edgekit.evaluate.subject import Subject, artifact_subject, reference_subject
from edgekit.pipeline.execute import Executor
from edgekit.predict import label

if TYPE_CHECKING:
    import numpy as np

ROWS = 256
"""Photos whose outputs are in memory at once, when figures are counted."""
MARGIN = 0.5
"""Percentage points: the drop that matters where nothing else is said."""

Prepared = tuple[list[Subject], list[tuple[str, str]]]
"""What is run, and what is not, by name with the reason."""


@dataclass(frozen=True)
class Wish:
    """What is asked for: photos from `data`, at most `limit` of them, the part `shard` (i, n), labels from `listed`.

    Without `reference`, nothing but the artifacts is run.
    """

    data: str
    listed: Path | None = None
    limit: int | None = None
    shard: tuple[int, int] | None = None
    reference: bool = True
    margin: float = MARGIN
    machine: AnyMachine | None = None


@dataclass
class Found:
    """What was counted, None where no model ran to the end; and `failed` models by name, each with its error."""

    counted: Evaluation | None
    failed: dict[str, EdgekitError] = field(default_factory=dict)

    @property
    def evaluation(self) -> Evaluation:
        """What was counted. Raises the first model's error where none ran to the end."""
        if self.counted is None:
            raise next(iter(self.failed.values()))
        return self.counted

    @property
    def exit_status(self) -> int:
        """That of the first model that failed, else 0."""
        return next((error.exit_status for error in self.failed.values()), 0)


def evaluate(
    artifacts: Sequence[Artifact],
    wish: Wish,
    executor: Executor,
    results: BinaryIO,
    watch: Watch = lambda subject, state: None,
    notify: Callable[[str], None] = lambda _: None,
    prepared: Prepared | None = None,
) -> Found:
    """Run the artifacts of one model on photos, and count. `results` gets what came of each photo, a line each.

    What a model gives for a photo is kept in the cache, so that an interrupted run goes on, and several targets share
    their reference. Raises UsageError for photos that are none, labels that do not fit, photos that a model was
    calibrated on, or artifacts of several programs; AbsentError where nothing runs here. `prepared` is what
    `prepared_subjects` gives, for a caller that has asked it already.
    """
    failed: dict[str, EdgekitError] = {}
    subjects, absent = prepared or prepared_subjects(artifacts, wish, executor)
    manifest = artifacts[0].manifest
    with opened(wish.data, wish.listed, manifest.model, manifest.outputs[0]) as found:
        photos, classes, kind = found.photos, found.classes, found.kind
        notify(f"{wish.data}: {len(photos.photos)} photos, {photos.said}")
        album = Album(chosen(photos.photos, wish.limit, wish.shard), calibrated(artifacts))
        if not album.photos:
            raise UsageError(f"shard {wish.shard} of {len(photos.photos)} photos is empty", "Ask for fewer shards.")
        logs: dict[str, OutputLog] = {}
        passes: dict[str, Pass] = {}
        try:
            for subject in subjects:
                log = logs[subject.name] = OutputLog(executor.store.cache / FOLDER / subject.key, subject.width)
                try:
                    passes[subject.name] = run_pass(subject, album, log, executor, watch)
                except (ConversionError, AbsentError) as error:
                    failed[subject.name] = error
            run = [subject for subject in subjects if subject.name not in failed]
            if not run or (failed and all(subject.name == REFERENCE for subject in run)):
                return Found(None, failed)
            if len(album.errors) == len(album.photos):
                place, why = next(iter(album.errors.items()))
                raise UsageError(
                    f"none of the {len(album.photos)} photos in {wish.data} can be read "
                    f"({album.photos[place].name}: {why})",
                    "Give photos that open elsewhere.",
                )
            header = Header(
                format=FORMAT,
                schema=SCHEMA,
                edgekit=__version__,
                model=manifest.model.name,
                weights=weights_of(artifacts[0]),
                class_count=classes,
                class_names=list(manifest.model.class_names) if manifest.model.class_names else None,
                output_kind=kind,
                thresholds=list(subjects[-1].output.thresholds),
                data=wish.data,
                said=photos.said,
                labelled=photos.labelled,
                limit=wish.limit,
                shards=[wish.shard] if wish.shard else [],
                photos=len(album.photos),
                skipped=[(album.photos[place].name, why) for place, why in sorted(album.errors.items())],
                subjects=[subject_record(subject, passes[subject.name]) for subject in run],
                absent=[*absent, *((name, str(error)) for name, error in failed.items())],
            )
            rows = written(header, rows_of(album, run, logs, kind), results)
            return Found(count(header, rows, wish.margin), failed)
        finally:
            for log in logs.values():
                log.close()


def prepared_subjects(artifacts: Sequence[Artifact], wish: Wish, executor: Executor) -> Prepared:
    """What is run, the reference first, and what is not with the reason. Raises as `evaluate`."""
    models = {(weights_of(one), one.manifest.preprocessing, one.manifest.outputs[0].kind) for one in artifacts}
    if len(models) > 1:
        names = ", ".join(label(one) for one in artifacts)
        raise UsageError(
            f"{names} have different weights or prepare photos differently, so that they have no reference in common",
            "Evaluate them one at a time, or convert them again together.",
        )
    subjects: list[Subject] = []
    absent: list[tuple[str, str]] = []
    errors: list[EdgekitError] = []
    for artifact in artifacts:
        try:
            subjects.append(artifact_subject(artifact, executor, wish.machine))
        except (AbsentError, UsageError) as error:
            if artifact.manifest.outputs[0].kind == "features":
                raise
            errors.append(error)
            absent.append((label(artifact), str(error)))
    if not subjects:
        raise errors[0]
    if wish.reference:
        subjects.insert(0, reference_subject(artifacts[0], executor))
    return subjects, absent


def weights_of(artifact: Artifact) -> str:
    """Which weights an artifact has: their hash, or how they were made."""
    return artifact.manifest.weights.sha256 or artifact.manifest.weights.spec


def calibrated(artifacts: Sequence[Artifact]) -> dict[str, str]:
    """The photos that models were calibrated on, by SHA-256, and what to say of each."""
    found: dict[str, str] = {}
    for artifact in artifacts:
        record = artifact.manifest.calibration
        for name, sha256 in (record.photos if record is not None else {}).items():
            found[sha256] = f"{label(artifact)} was calibrated on it (as {name})"
    return found


def subject_record(subject: Subject, done: Pass) -> SubjectRecord:
    """What the results say of a model."""
    return SubjectRecord(
        name=subject.name,
        title=subject.title,
        precision=subject.precision,
        identity=subject.identity,
        machine=subject.machine.name if subject.machine else None,
        ran=done.ran,
        lanes=done.lanes,
        seconds=done.seconds,
        runtime_seconds=done.runtime_seconds,
        lane_seconds=done.lane_seconds,
        decoding_seconds=done.decoding_seconds,
        measured=done.measured,
    )


def rows_of(album: Album, subjects: Sequence[Subject], logs: dict[str, OutputLog], kind: str) -> Iterator[Row]:
    """The rows of all photos that could be read, in their order."""
    reference = REFERENCE if any(one.name == REFERENCE for one in subjects) else None
    waiting: list[tuple[Photo, bytes]] = []
    for place, photo in enumerate(album.photos):
        sha256 = album.hashes[place]
        if sha256 is not None and place not in album.errors and all(sha256 in logs[one.name] for one in subjects):
            waiting.append((photo, sha256))
        if len(waiting) == ROWS or (waiting and place == len(album.photos) - 1):
            photos, hashes = [one for one, _ in waiting], [one for _, one in waiting]
            outputs = {one.name: values_of(one, logs[one.name], hashes, kind) for one in subjects}
            yield from photo_rows(photos, hashes, outputs, kind, reference)  # type: ignore[arg-type]
            waiting = []


def values_of(subject: Subject, log: OutputLog, hashes: Sequence[bytes], kind: str) -> "np.ndarray":
    """A model's values for photos, float32 [photos, values]; the labels' probabilities where it gives their logits."""
    import numpy as np

    values = log.values(hashes)
    if kind != "sigmoid" or subject.output.kind != "logits":
        return values
    return np.exp(-np.logaddexp(0, -values))


def written(header: Header, rows: Iterator[Row], results: BinaryIO) -> Iterator[Row]:
    """The same rows, each written as it goes by, after the header."""
    results.write(line_of(header))
    for row in rows:
        results.write(line_of(row))
        yield row
