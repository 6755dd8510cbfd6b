"""Mean average precision of models that give several labels, and the interval of a difference."""

from math import ceil
from typing import TYPE_CHECKING

from edgekit.evaluate.figures import Drop

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 400
SEED = 20260101


def average_precision(truth: "np.ndarray", scores: "np.ndarray", weights: "np.ndarray | None" = None) -> float | None:
    """The sum of precision times the recall gained, over falling thresholds; None where no photo has the label.

    `truth` is 0 or 1 and `scores` float, [photos]; equal scores are one threshold. Nothing is interpolated: it is
    what information retrieval and scikit-learn call so. `weights` say how often each photo counts.
    """
    import numpy as np

    return Ranking(np.asarray(truth), np.asarray(scores)).average_precision(weights)


class Ranking:
    """The photos of one label in the order of their scores, sorted once for any number of weights."""

    def __init__(self, truth: "np.ndarray", scores: "np.ndarray") -> None:
        import numpy as np

        self._order = np.argsort(-scores, kind="stable")
        self._truth = truth[self._order].astype(np.float64)
        ordered = scores[self._order]
        self._ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)

    def average_precision(self, weights: "np.ndarray | None" = None) -> float | None:
        """Of the photos so often as `weights` say, float [photos]."""
        import numpy as np

        counted = np.ones(len(self._truth)) if weights is None else weights[self._order].astype(np.float64)
        hits = np.cumsum(counted * self._truth)[self._ends]
        shown = np.cumsum(counted)[self._ends]
        if not len(hits) or hits[-1] <= 0:
            return None
        precision = np.divide(hits, shown, out=np.zeros_like(hits), where=shown > 0)
        return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])


def mean_average_precision(truth: "np.ndarray", scores: "np.ndarray") -> float | None:
    """The mean over those labels that some photo has; both [photos, labels]. None where there is none."""
    found = [average_precision(truth[:, label], scores[:, label]) for label in range(truth.shape[1])]
    known = [one for one in found if one is not None]
    return sum(known) / len(known) if known else None


def map_drop(truth: "np.ndarray", reference: "np.ndarray", scores: "np.ndarray", margin: float) -> Drop | None:
    """The drop of the mean average precision, in points, with a 95 % interval: arrays [photos, labels].

    The interval is the paired bootstrap's by percentiles: photos are drawn with replacement, for both models the same.
    B. Efron, R. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. How many more photos would decide
    supposes that it narrows with the root of their number.
    """
    import numpy as np

    first, second = mean_average_precision(truth, reference), mean_average_precision(truth, scores)
    if first is None or second is None:
        return None
    photos, labels = truth.shape
    pairs = [
        (Ranking(truth[:, label], reference[:, label]), Ranking(truth[:, label], scores[:, label]))
        for label in range(labels)
    ]
    random = np.random.Generator(np.random.PCG64(SEED))
    found = []
    for _ in range(RESAMPLES):
        weights = np.bincount(random.integers(0, photos, photos), minlength=photos)
        differences = [
            before - after
            for one, other in pairs
            if (before := one.average_precision(weights)) is not None
            and (after := other.average_precision(weights)) is not None
        ]
        if differences:
            found.append(sum(differences) / len(differences))
    low, high = (float(100 * one) for one in np.percentile(found, [2.5, 97.5]))
    points = 100 * (first - second)
    if high < margin or low > margin:
        return Drop(points, low, high, margin, "below" if high < margin else "above", None)
    distance, half = abs(points - margin), max(high - points, points - low)
    more = ceil(photos * ((half / distance) ** 2 - 1)) if distance > 0 else None
    return Drop(points, low, high, margin, "open", None if more is None else max(1, more))
