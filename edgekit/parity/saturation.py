"""Do the layers of an INT8 artifact take values beyond those that its integers hold?

INT8 cuts off what lies beyond. The golden photos in FP32 are compared with the ranges that the quantisation has chosen,
where its record tells them, and else with photos of the calibration, of which they were chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgekit.parity.ranges import Ranges, TensorRange, and_others

Extent = tuple[float, float]


@dataclass(frozen=True)
class Integers:
    """What integers hold, by the layers' names; `complete`: a layer that is not among them has none."""

    extents: Mapping[str, Extent] = field(default_factory=dict)
    complete: bool = True


NOTICEABLE = 0.5
"""How far beyond its range a layer may go unnamed, in widths of that range."""


@dataclass(frozen=True)
class Beyond:
    """A layer whose values leave the range `allowed`: `golden` on the golden photos, by `share` of that range's width.

    `chosen`: it is the one that the integers hold; else that of the calibration's photos.
    """

    layer: TensorRange
    golden: Extent
    allowed: Extent
    chosen: bool
    share: float


def beyond_integers(golden: Ranges, calibration: Ranges | None, integers: Integers) -> list[Beyond]:
    """The layers that noticeably leave what their integers hold, in order. Photos count where they are told apart."""
    found, chosen = [], integers.extents
    others_have_none = integers.complete and any(layer.name in chosen for layer in golden.tensors)
    others = calibration.tensors if calibration is not None else (None,) * len(golden.tensors)
    for layer, other in zip(golden.tensors, others, strict=True):
        own = on_photos(layer)
        known = layer.name in chosen
        allowed = chosen[layer.name] if known else None if others_have_none else other and whole(other)
        if layer.folded or own is None or allowed is None:
            continue
        over = max(own[1] - allowed[1], allowed[0] - own[0])
        # Integers have a zero, whatever the values.
        width = max(allowed[1], 0.0) - min(allowed[0], 0.0)
        if over > NOTICEABLE * width:
            share = over / width if width else float("inf")
            found.append(Beyond(layer, own, allowed, known, share))
    return found


def on_photos(layer: TensorRange) -> Extent | None:
    """The range on the photos, or on all samples where they are not told apart; None where it is not finite."""
    return layer.photos if layer.photos is not None else whole(layer)


def whole(layer: TensorRange) -> Extent | None:
    """The range on all samples; None where it is not finite."""
    return None if layer.minimum is None or layer.maximum is None else (layer.minimum, layer.maximum)


def saturation_words(found: Sequence[Beyond], photos: int) -> str:
    """One sentence on the layers that leave what their integers hold, or what `photos` calibration photos took; empty
    where none does.
    """
    if not found:
        return ""
    worst = max(found, key=lambda one: one.share)
    (low, high), (least, most) = worst.golden, worst.allowed
    allowed = f"{least:.3g} to {most:.3g}"
    beside = f"its integers hold {allowed}" if worst.chosen else f"{allowed} on {photos} of the calibration"
    # A layer whose integers are not known may have none.
    cuts = "cuts" if worst.chosen else "may cut"
    return (
        f"{worst.layer.title} takes {low:.3g} to {high:.3g} on the golden photos, and {beside}"
        f"{and_others([one.layer for one in found])}: INT8 {cuts} off what is beyond; calibrate it on photos like "
        "those that it will see, and judge it by such (--golden DIR)"
    )
