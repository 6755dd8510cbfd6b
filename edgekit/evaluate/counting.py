"""From the rows of photos to figures: what is kept of each photo is a few numbers for each model."""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgekit.evaluate.average_precision import average_precision, map_drop, mean_average_precision
from edgekit.evaluate.calibration_error import expected_calibration_error, reliability
from edgekit.evaluate.figures import Drop, Errors, Evaluation, Figures, Flip, LabelFigures, Share
from edgekit.evaluate.paired import Cells
from edgekit.evaluate.rows import Answer, Header, Row, SubjectRecord

if TYPE_CHECKING:
    import numpy as np

REFERENCE = "reference"
WORST = 3
SURE = 0.5
"""The threshold of a label that has none of its own."""


@dataclass
class Tally:
    """What is kept of one model's answers, in the order of the photos."""

    right: array = field(default_factory=lambda: array("b"))
    in_top: array = field(default_factory=lambda: array("b"))
    first: array = field(default_factory=lambda: array("q"))
    confidence: array = field(default_factory=lambda: array("d"))
    errors: array = field(default_factory=lambda: array("d"))
    scores: list["np.ndarray"] = field(default_factory=list)
    worst: list[tuple[float, str]] = field(default_factory=list)
    not_finite: int = 0

    def add(self, row: Row, answer: Answer) -> None:
        """Count an answer of a model with one class for each photo."""
        first = answer.top[0] if answer.top else -1
        self.first.append(first)
        self.right.append(first == row.truth)
        self.in_top.append(row.truth in answer.top)
        self.confidence.append(answer.probabilities[0] if answer.probabilities else 0.0)
        self.add_error(row, answer)

    def add_labels(self, row: Row, answer: Answer, thresholds: "np.ndarray") -> None:
        """Count an answer of a model with several labels for each photo."""
        import numpy as np

        scores = np.array(answer.scores, np.float32) if answer.finite else np.full(len(thresholds), np.nan, np.float32)
        self.scores.append(scores)
        self.right.append(row.truth is not None and bool(((scores >= thresholds) == np.array(row.truth, bool)).all()))
        self.add_error(row, answer)

    def add_error(self, row: Row, answer: Answer) -> None:
        """Count how far an answer is from the reference's."""
        self.not_finite += not answer.finite
        if answer.error is not None:
            self.errors.append(answer.error)
            self.worst.append((answer.error, row.photo))
            if len(self.worst) > 64:
                self.worst = sorted(self.worst, reverse=True)[:WORST]


def count(header: Header, rows: Iterable[Row], margin: float) -> Evaluation:
    """Every figure of an evaluation; `margin` is the drop that matters, in percentage points."""
    import numpy as np

    multi = header.output_kind == "sigmoid"
    tallies = {one.name: Tally() for one in header.subjects}
    thresholds = np.full(header.class_count, SURE, np.float32)
    if header.thresholds:
        thresholds[:] = header.thresholds
    truths: list[np.ndarray] = []
    classes = array("q")
    photos = 0
    for row in rows:
        photos += 1
        if isinstance(row.truth, list):
            truths.append(np.array(row.truth, np.int8))
        else:
            classes.append(-1 if row.truth is None else row.truth)
        for name, tally in tallies.items():
            if multi:
                tally.add_labels(row, row.answers[name], thresholds)
            else:
                tally.add(row, row.answers[name])
    models = []
    for subject in header.subjects:
        tally, reference = tallies[subject.name], tallies.get(REFERENCE)
        against = None if subject.name == REFERENCE else reference
        if multi:
            truth = np.array(truths) if truths else None
            models.append(label_figures(subject, tally, against, truth, thresholds, photos, margin))
        else:
            models.append(class_figures(subject, tally, against, classes, header.labelled, photos, margin))
    return Evaluation(header, photos, models)


def class_figures(
    subject: SubjectRecord,
    tally: Tally,
    reference: Tally | None,
    classes: array,
    labelled: bool,
    photos: int,
    margin: float,
) -> Figures:
    """The figures of a model that gives one class for each photo."""
    import numpy as np

    right = np.frombuffer(tally.right, np.int8).astype(bool)
    bins = reliability(np.frombuffer(tally.confidence, np.float64), right) if labelled and photos else []
    drop = agreement = None
    if reference is not None:
        first, before = np.frombuffer(tally.first, np.int64), np.frombuffer(reference.first, np.int64)
        # Two models that have no answer do not agree.
        agreement = Share.of(int(((first == before) & (first >= 0)).sum()), photos)
        if labelled and photos:
            drop = Drop.of(cells(np.frombuffer(reference.right, np.int8).astype(bool), right), margin)
    return Figures(
        name=subject.name,
        title=subject.title,
        precision=subject.precision,
        photos=photos,
        top1=Share.of(int(right.sum()), photos) if labelled else None,
        top5=Share.of(sum(tally.in_top), photos) if labelled else None,
        agreement=agreement,
        drop=drop,
        ece=expected_calibration_error(bins) if bins else None,
        bins=bins,
        errors=errors(tally),
        not_finite=tally.not_finite,
        flips=flips(reference, tally, classes) if reference is not None else [],
    )


def cells(reference: "np.ndarray", model: "np.ndarray") -> Cells:
    """The four cells of two models' right answers, bool [photos]."""
    return Cells(
        int((reference & model).sum()),
        int((reference & ~model).sum()),
        int((~reference & model).sum()),
        int((~reference & ~model).sum()),
    )


def flips(reference: Tally, tally: Tally, classes: array) -> list[Flip]:
    """Which classes become which, the most frequent first."""
    photos, lost, gained = Counter(), Counter(), Counter()
    for before, after, truth in zip(reference.first, tally.first, classes, strict=True):
        if before != after:
            photos[before, after] += 1
            lost[before, after] += before == truth
            gained[before, after] += after == truth
    ordered = sorted(photos.items(), key=lambda one: (-one[1], one[0]))
    return [Flip(*pair, number, lost[pair], gained[pair]) for pair, number in ordered]


def errors(tally: Tally) -> Errors | None:
    """How far single photos are off; None for the reference itself."""
    import numpy as np

    if not tally.errors:
        return None
    values = np.frombuffer(tally.errors, np.float64)
    worst = sorted(tally.worst, reverse=True)[:WORST]
    median, p99 = (float(one) for one in np.percentile(values, [50, 99]))
    return Errors(median, p99, float(values.max()), [(name, error) for error, name in worst])


def label_figures(
    subject: SubjectRecord,
    tally: Tally,
    reference: Tally | None,
    truth: "np.ndarray | None",
    thresholds: "np.ndarray",
    photos: int,
    margin: float,
) -> Figures:
    """The figures of a model that gives several labels for each photo; `truth` is 0 or 1, [photos, labels]."""
    import numpy as np

    labels = len(thresholds)
    scores = np.array(tally.scores).reshape(photos, labels)
    given = scores >= thresholds
    shown = np.nan_to_num(scores, nan=-1.0)
    before = np.array(reference.scores).reshape(photos, labels) if reference is not None else None
    drop = mapped = agreement = whole = None
    differs = None
    if before is not None:
        differs = (before >= thresholds) != given
        agreement = Share.of(int((~differs.any(axis=1)).sum()), photos)
    right = np.frombuffer(tally.right, np.int8).astype(bool)
    if truth is not None and photos:
        whole = mean_average_precision(truth, shown)
        if reference is not None and before is not None:
            drop = Drop.of(cells(np.frombuffer(reference.right, np.int8).astype(bool), right), margin)
            mapped = map_drop(truth, np.nan_to_num(before, nan=-1.0), shown, margin)
    return Figures(
        name=subject.name,
        title=subject.title,
        precision=subject.precision,
        photos=photos,
        top1=Share.of(int(right.sum()), photos) if truth is not None else None,
        agreement=agreement,
        drop=drop,
        errors=errors(tally),
        not_finite=tally.not_finite,
        mean_average_precision=whole,
        map_drop=mapped,
        labels=[
            one_label(
                label,
                None if truth is None else truth[:, label].astype(bool),
                shown[:, label],
                given[:, label],
                float(thresholds[label]),
                None if differs is None else int(differs[:, label].sum()),
            )
            for label in range(labels)
        ],
    )


def one_label(
    index: int,
    truth: "np.ndarray | None",
    scores: "np.ndarray",
    given: "np.ndarray",
    threshold: float,
    flipped: int | None,
) -> LabelFigures:
    """The figures of one label: `truth` and `given` are bool, `scores` float, [photos]."""
    if truth is None:
        return LabelFigures(index, 0, None, None, None, None, threshold, flipped)
    hits, shown, positives = int((truth & given).sum()), int(given.sum()), int(truth.sum())
    return LabelFigures(
        index,
        positives,
        average_precision(truth, scores) if len(truth) else None,
        hits / shown if shown else None,
        hits / positives if positives else None,
        2 * hits / (shown + positives) if shown + positives else None,
        threshold,
        flipped,
    )
