"""Do the layers of an INT8 artifact take values beyond those that it was calibrated on?

INT8 cuts off what lies beyond the range of the calibration. Compared are the golden photos with photos of the
calibration, both in FP32: the range that a quantiser has chosen of these may be narrower, and is never wider.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.parity.ranges import Ranges, TensorRange, and_others

NOTICEABLE = 0.5
"""How far beyond its range a layer may go unnamed, in widths of that range."""


@dataclass(frozen=True)
class Beyond:
    """A layer whose values leave the calibrated range: `golden` on the golden photos, `share` of `calibrated`'s width
    beyond it.
    """

    layer: TensorRange
    golden: tuple[float, float]
    calibrated: tuple[float, float]
    share: float


def beyond_calibration(golden: Ranges, calibration: Ranges) -> list[Beyond]:
    """The layers that noticeably leave the calibrated range, in order. Photos count where they are told apart."""
    found = []
    for layer, other in zip(golden.tensors, calibration.tensors, strict=True):
        own, calibrated = on_photos(layer), whole(other)
        if layer.folded or own is None or calibrated is None:
            continue
        over = max(own[1] - calibrated[1], calibrated[0] - own[0])
        width = max(calibrated[1], 0.0) - min(calibrated[0], 0.0)
        if over > NOTICEABLE * width:
            found.append(Beyond(layer, own, calibrated, over / width if width else float("inf")))
    return found


def on_photos(layer: TensorRange) -> tuple[float, float] | None:
    """The range on the photos, or on all samples where they are not told apart; None where it is not finite."""
    return layer.photos if layer.photos is not None else whole(layer)


def whole(layer: TensorRange) -> tuple[float, float] | None:
    """The range on all samples; None where it is not finite."""
    return None if layer.minimum is None or layer.maximum is None else (layer.minimum, layer.maximum)


def saturation_words(found: Sequence[Beyond], photos: int) -> str:
    """One sentence on the layers that leave the range of `photos` calibration photos; empty where none does."""
    if not found:
        return ""
    worst = max(found, key=lambda one: one.share)
    (low, high), (least, most) = worst.golden, worst.calibrated
    return (
        f"{worst.layer.title} takes {low:.3g} to {high:.3g} on the golden photos and {least:.3g} to {most:.3g} on "
        f"{photos} of the calibration{and_others([one.layer for one in found])}: INT8 cuts off what is beyond; "
        "calibrate it on photos like those that it will see"
    )
