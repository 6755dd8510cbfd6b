"""The figures of an evaluation: plain values, as its JSON has them."""

from msgspec import Struct

from edgekit.evaluate.paired import Cells, decide, mcnemar, newcombe, wilson
from edgekit.evaluate.rows import Header


class Share(Struct, frozen=True):
    """So many of so many photos, and Wilson's 95 % interval of the share."""

    count: int
    photos: int
    low: float
    high: float

    @classmethod
    def of(cls, count: int, photos: int) -> "Share":
        """The share with its interval."""
        low, high = wilson(count, photos)
        return cls(count, photos, low, high)

    @property
    def share(self) -> float:
        """From 0 to 1; 0 without any photo."""
        return self.count / self.photos if self.photos else 0.0


class Drop(Struct, frozen=True):
    """The reference's share of right answers less the model's, in percentage points, with its 95 % interval.

    `lost` photos the reference alone answers right, `gained` ones the model alone; `p` is of the exact test of no
    difference. `state` says whether the drop is below `margin` points, above it or open, and `more` about how many more
    photos would decide that. Of a mean average precision nothing is counted, and there is no `p`.
    """

    points: float
    low: float
    high: float
    margin: float
    state: str
    more: int | None
    lost: int = 0
    gained: int = 0
    p: float | None = None

    @classmethod
    def of(cls, cells: Cells, margin: float) -> "Drop":
        """The drop that four cells show: `first` is the reference; `margin` is in points."""
        low, high = newcombe(cells)
        decision = decide(cells, margin / 100)
        return cls(
            100 * cells.difference,
            100 * low,
            100 * high,
            margin,
            decision.state,
            decision.more,
            round(cells.first),
            round(cells.second),
            mcnemar(cells),
        )


class Bin(Struct, frozen=True):
    """Photos whose first class had a probability within a fifteenth: how many, their mean, the share that was right."""

    photos: int
    confidence: float
    accuracy: float


class Errors(Struct, frozen=True):
    """How far the values of single photos are from the reference's, relative to each photo's largest logit.

    `worst` are the photos with the largest errors.
    """

    median: float
    p99: float
    largest: float
    worst: list[tuple[str, float]]


class Flip(Struct, frozen=True):
    """Photos that the reference gives one class and the model another: their indices and how many.

    `lost` of them were right before, `gained` are now.
    """

    before: int
    after: int
    photos: int
    lost: int
    gained: int


class LabelFigures(Struct, frozen=True):
    """One label of many: photos that have it, and how it is found: average precision, and at the threshold.

    `flips` are photos on which the model decides otherwise than the reference.
    """

    index: int
    positives: int
    average_precision: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    threshold: float
    flips: int | None


class Figures(Struct, frozen=True, kw_only=True):
    """What the photos say of one model. None is what cannot be known: without labels, or without a reference.

    `ece` is the expected calibration error (edgekit.evaluate.calibration_error). `top1` and `drop` of a multi-label
    model count photos of which all labels are right; `mean_average_precision` and `map_drop` are over its labels.
    """

    name: str
    title: str
    precision: str
    photos: int
    top1: Share | None = None
    top5: Share | None = None
    agreement: Share | None = None
    drop: Drop | None = None
    ece: float | None = None
    bins: list[Bin] = []
    errors: Errors | None = None
    not_finite: int = 0
    flips: list[Flip] = []
    mean_average_precision: float | None = None
    map_drop: Drop | None = None
    labels: list[LabelFigures] = []


class Evaluation(Struct, frozen=True):
    """An evaluation: what it is of (`about`), how many photos were counted, and every model's figures."""

    about: Header
    counted: int
    models: list[Figures]
