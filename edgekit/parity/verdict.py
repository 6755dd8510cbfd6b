"""A verdict as data: what manifests and reports hold. Needs no numpy, so that reading one stays cheap."""

from typing import Literal

import msgspec

Status = Literal["passed", "failed", "not run"]
Precision = Literal["fp32", "fp16", "int8", "int8-weights", "int16-weights"]
OutputKind = Literal["logits", "probabilities", "sigmoid", "features"]
"""What an output's values are: one for each class, before or behind a softmax; the probabilities of labels that do not
exclude each other, behind a sigmoid; or a vector that is compared with others, and stands for no class."""


class ErrorFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The distance of one output from another."""

    max_abs: float
    """Largest absolute error of any value, in the output's own unit."""
    max_relative: float
    """Largest error relative to its sample's scale (`metrics.scales`)."""
    rms_relative: float
    """Root of the mean squared relative error over all samples and values."""
    cosine: float
    """Smallest cosine between a sample's values and the truth's; 1 means the same direction."""
    snr_db: float | None
    """Signal-to-noise ratio in decibels; none where the two are equal."""


class Flip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sample whose top-1 class differs from the reference's."""

    sample: str
    reference_class: int
    artifact_class: int
    margin: float
    """The oracle's largest value less its second largest."""
    gap: float
    """The oracle's largest value less its value for the class that the artifact chose: never below `margin`,
    but for a reference that itself left the oracle's class."""
    noise: float
    """The reference's error on this sample, in the output's unit (pooled over all samples, times this one's
    scale)."""
    excused: bool
    """`gap` is smaller than twice `noise`: the reference itself could have decided so."""


class LabelFlip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A label that the artifact gives to a sample and the reference does not, or the other way round."""

    sample: str
    label: int
    in_reference: bool
    """Whether the reference's value is above the threshold."""
    gap: float
    """How far the oracle's logit is from the threshold's."""
    noise: float
    """The reference's error on this sample, in logits."""
    excused: bool
    """`gap` is smaller than twice `noise`."""


class NeighbourFlip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The worst of the two samples that the artifact brings into another order by their nearness to `sample`."""

    sample: str
    reference_nearer: str
    artifact_nearer: str
    gap: float
    """The oracle's cosine with the one less that with the other."""
    noise: float
    """What the reference's error may make of a cosine."""
    excused: bool
    """`gap` is smaller than twice `noise`."""


class OutputFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was measured on one output. Log-probabilities stand for probabilities, logits for a sigmoid's.

    Decisions are of classes (top-1), of labels or of neighbours, by the output's kind; the fields of the others are
    None or empty.
    """

    kind: OutputKind
    samples: int
    classes: int
    against_oracle: ErrorFigures
    """Of the samples that count: in INT8 the photos (`parity.counted`)."""
    against_reference: ErrorFigures
    """Of the same samples."""
    noise: ErrorFigures
    """The reference against the oracle, over all samples."""
    max_threshold: float
    """What `against_oracle.max_relative` may be at most."""
    rms_threshold: float | None
    """What `against_oracle.rms_relative` may be at most; none where the precision has no such limit."""
    worst_sample: str
    """The sample with the largest relative error against the oracle, of those that count."""
    top1_agreement: float | None
    """With the reference, over all samples; none where the output decides for no class."""
    top1_agreement_photos: float | None
    """Over the photos; none where no sample is known to be one."""
    top5_agreement: float | None
    top5_agreement_photos: float | None
    flips: list[Flip]
    thresholds: tuple[float, ...] = ()
    """Above which a label is given: one for all, or one for each."""
    median_snr_db: float | None = None
    """Signal-to-noise ratio against the oracle of the median photo, each photo by itself, in decibels; of the median
    sample where none is known to be a photo, and none where that has no error."""
    lowest_snr_db: float | None = None
    """The same of the worst sample of all."""
    uncounted_max_relative: float | None = None
    """Largest relative error against the oracle of the samples that do not count (`parity.counted`), which the figures
    above leave out; none where all count."""
    label_agreement: float | None = None
    """Share of labels, over all samples, that are given or not as by the reference."""
    label_agreement_photos: float | None = None
    lowest_label_agreement: float | None = None
    """The same of the one label on which the two agree least; over the photos where there are some."""
    label_flips: list[LabelFlip] = []
    neighbour_agreement: float | None = None
    """Share of samples whose nearest other sample, by cosine, is the reference's."""
    neighbour_agreement_photos: float | None = None
    """The same among the photos."""
    order_agreement: float | None = None
    """Share of all pairs of samples that are in the reference's order by their nearness to a third."""
    neighbour_flips: list[NeighbourFlip] = []

    @property
    def disagreements(self) -> list[Flip | LabelFlip | NeighbourFlip]:
        """The flips that the reference's noise does not excuse."""
        return [flip for flip in (*self.flips, *self.label_flips, *self.neighbour_flips) if not flip.excused]

    @property
    def agreement_photos(self) -> float | None:
        """How many of the photos' decisions are the reference's, whatever is decided; none without photos."""
        if self.kind == "features":
            return self.neighbour_agreement_photos
        return self.top1_agreement_photos if self.label_agreement is None else self.label_agreement_photos


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether an artifact computes the same, what it was judged against, and every figure."""

    status: Status
    judged_against: str
    """The reference in words, e.g. "Paddle Inference 2.6.2, FP32, x86-64"."""
    precision: Precision
    reason: str = ""
    """One sentence with figures where the status is not "passed"."""
    outputs: dict[str, OutputFigures] = {}
    """By output name; without those that could not be measured (absent, misshapen, not finite)."""
    warnings: tuple[str, ...] = ()
    """Sentences on what is right here and may not be elsewhere."""

    @property
    def passed(self) -> bool:
        """Only a verdict of "passed" is one."""
        return self.status == "passed"

    @classmethod
    def not_run(cls, reason: str, judged_against: str = "", precision: Precision = "fp32") -> "Verdict":
        """The verdict of what could not be tried; `reason` says why."""
        return cls("not run", judged_against, precision, reason)

    @classmethod
    def failed(cls, reason: str, judged_against: str = "", precision: Precision = "fp32") -> "Verdict":
        """The verdict of what ended before there were outputs to judge: a runner's crash, a damaged file."""
        return cls("failed", judged_against, precision, reason)
