"""How well probabilities say how often they are right."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgekit.evaluate.figures import Bin

if TYPE_CHECKING:
    import numpy as np

BINS = 15


def reliability(confidences: "np.ndarray", right: "np.ndarray") -> list[Bin]:
    """The bins of a reliability diagram, from probabilities float64 [photos] and whether each answer is right.

    `BINS` of one width, each open below and closed above, as C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration
    of modern neural networks", ICML 2017, have them. An empty one has 0 for both figures.
    """
    import numpy as np

    # A broken model may give other numbers than probabilities, and a merged file may hold any.
    place = np.clip(np.ceil(np.clip(confidences, 0, 1) * BINS).astype(int) - 1, 0, BINS - 1)
    found = []
    for index in range(BINS):
        inside = place == index
        count = int(inside.sum())
        mean = (float(confidences[inside].mean()), float(right[inside].mean())) if count else (0.0, 0.0)
        found.append(Bin(count, *mean))
    return found


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """The mean distance of confidence and accuracy over the bins, each by its photos (Guo et al., formula 5)."""
    photos = sum(one.photos for one in bins)
    return sum(one.photos * abs(one.confidence - one.accuracy) for one in bins) / photos if photos else 0.0
