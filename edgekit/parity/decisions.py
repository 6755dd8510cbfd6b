"""What an output is used for: the class, the labels or the neighbours that it decides for, and where two part.

All take arrays as they are compared, float64 [N, C], and `noise`: the reference's largest error relative to `scale`
[N]. A decision of the artifact's that is not the reference's is excused where the reference could have made it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgekit.parity import metrics
from edgekit.parity.metrics import Array
from edgekit.parity.verdict import Flip, LabelFlip, NeighbourFlip

Triple = tuple[Array, Array, Array]
"""Artifact, reference, oracle."""


def class_decisions(
    values: Triple, scale: Array, noise: float, labels: Sequence[str], photos: np.ndarray | None
) -> dict[str, Any]:
    """Fields of `OutputFigures` for an output of which the largest value counts. `photos` [N] says which are some."""
    ours, theirs, oracle = values
    on_photos = None if photos is None else (ours[photos], theirs[photos])
    flips = []
    chosen, expected, margins = metrics.top1(ours), metrics.top1(theirs), metrics.margins(oracle)
    for row in np.flatnonzero(chosen != expected).tolist():
        gap, absolute = float(oracle[row].max() - oracle[row, chosen[row]]), float(noise * scale[row])
        flips.append(
            Flip(
                sample=labels[row],
                reference_class=int(expected[row]),
                artifact_class=int(chosen[row]),
                margin=float(margins[row]),
                gap=gap,
                noise=absolute,
                excused=gap < 2 * absolute,
            )
        )
    return {
        "top1_agreement": metrics.top1_agreement(ours, theirs),
        "top1_agreement_photos": on_photos and metrics.top1_agreement(*on_photos),
        "top5_agreement": metrics.top5_agreement(ours, theirs),
        "top5_agreement_photos": on_photos and metrics.top5_agreement(*on_photos),
        "flips": flips,
    }


def label_decisions(
    values: Triple, scale: Array, noise: float, labels: Sequence[str], photos: np.ndarray | None, threshold: Array
) -> dict[str, Any]:
    """Fields for an output of which each value counts by itself, against `threshold`: [1], or [C] for each its own."""
    ours, theirs, oracle = values
    given, expected = ours > threshold, theirs > threshold
    agrees = given == expected
    gaps = np.abs(oracle - threshold)
    excused = within_noise(gaps, scale, noise)
    flips = [
        LabelFlip(
            sample=labels[row],
            label=column,
            in_reference=bool(expected[row, column]),
            gap=float(gaps[row, column]),
            noise=float(noise * scale[row]),
            excused=bool(excused[row, column]),
        )
        for row, column in np.argwhere(~agrees).tolist()
    ]
    return NO_CLASSES | {
        "label_agreement": float(agrees.mean()),
        "label_agreement_photos": None if photos is None else float(agrees[photos].mean()),
        "lowest_label_agreement": float((agrees if photos is None else agrees[photos]).mean(axis=0).min()),
        "label_flips": flips,
    }


def within_noise(gaps: Array, scale: Array, noise: float) -> np.ndarray:
    """Which labels the reference could have decided either way, bool [N, C]: `gaps` are how far they are from their
    thresholds."""
    return gaps < 2 * noise * scale[:, np.newaxis]


def neighbour_decisions(
    values: Triple, noise: float, labels: Sequence[str], photos: np.ndarray | None
) -> dict[str, Any]:
    """Fields for vectors that are compared with others: the order of all samples by their nearness to each.

    Nearness is the cosine, as in PaddleClas's search of an index of normalised features. A vector that is off by a
    share e of its length turns by at most e, and a cosine of two such vectors changes by at most 2 e, here with e the
    larger of `noise` and the reference's own largest share.
    """
    ours, theirs, oracle = (metrics.similarities(one) for one in values)
    share = max(noise, float(metrics.vector_errors(values[1], values[2]).max()))
    flips, alike, pairs = [], 0, 0
    for row in range(len(oracle)):
        others = np.delete(np.arange(len(oracle)), row)
        first, second = np.triu_indices(len(others), 1)
        one, other = others[first], others[second]
        mine, expected = ours[row, one] - ours[row, other], theirs[row, one] - theirs[row, other]
        turned = np.flatnonzero(np.sign(mine) * np.sign(expected) < 0)
        pairs, alike = pairs + len(one), alike + len(one) - len(turned)
        if not len(turned):
            continue
        gaps = np.abs(oracle[row, one] - oracle[row, other])
        worst = turned[gaps[turned].argmax()]
        near, far = (one[worst], other[worst]) if expected[worst] > 0 else (other[worst], one[worst])
        flips.append(
            NeighbourFlip(
                sample=labels[row],
                reference_nearer=labels[int(near)],
                artifact_nearer=labels[int(far)],
                gap=float(gaps[worst]),
                noise=2 * share,
                excused=bool(gaps[worst] < 4 * share),
            )
        )
    return NO_CLASSES | {
        "neighbour_agreement": nearest_agreement(ours, theirs),
        "neighbour_agreement_photos": None
        if photos is None
        else nearest_agreement(ours[np.ix_(photos, photos)], theirs[np.ix_(photos, photos)]),
        "order_agreement": alike / pairs if pairs else None,
        "neighbour_flips": flips,
    }


NO_CLASSES: dict[str, Any] = {
    "top1_agreement": None,
    "top1_agreement_photos": None,
    "top5_agreement": None,
    "top5_agreement_photos": None,
    "flips": [],
}


def nearest_agreement(ours: Array, theirs: Array) -> float | None:
    """Share of samples with the same nearest other sample, by cosines [N, N]; none for fewer than three samples."""
    if len(ours) < 3:
        return None
    apart = np.where(np.eye(len(ours), dtype=bool), -np.inf, 0.0)
    return metrics.top1_agreement(ours + apart, theirs + apart)
