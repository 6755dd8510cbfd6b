"""A photo's way into the model, computed again here: equal to the bit, or where it parted and what would explain it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from msgspec import ValidationError
from msgspec.structs import replace

from edgekit.artifact.manifest import Manifest
from edgekit.classes import prepared
from edgekit.errors import EdgekitError
from edgekit.inputs.prepare import quantised
from edgekit.inputs.preprocessing import FUSED, INTERPOLATIONS, STEP_BY_STEP, Preprocessing
from edgekit.inputs.size import Size

EXPLAINED = 0.1
"""Another preparation explains a difference where it leaves at most this share of it."""


@dataclass(frozen=True)
class Difference:
    """How far two tensors are apart: `equal` to the bit, or in words how."""

    equal: bool
    values: int = 0
    largest: float = 0.0
    words: str = ""


def compare(theirs: np.ndarray, image: np.ndarray, manifest: Manifest) -> Difference:
    """What a device made of `image` (uint8 [H, W, 3 or 4]) beside what the reference preprocessing makes of it.

    `theirs` is one sample as the artifact takes it. Raises what `prepared` does where the photo does not fit.
    """
    ours = prepared(image, manifest)
    if theirs.dtype != ours.dtype or theirs.shape != ours.shape:
        made = f"the manifest makes {list(ours.shape)} of {ours.dtype}"
        return Difference(False, words=f"it is {list(theirs.shape)} of {theirs.dtype} where {made}")
    # As bits: -0 is not 0, and one NaN is another.
    apart = theirs.view(np.uint8 if theirs.dtype == np.uint8 else np.uint32) != ours.view(
        np.uint8 if ours.dtype == np.uint8 else np.uint32
    )
    if not apart.any():
        return Difference(True, words="equal to the bit")
    count = int(apart.sum())
    distance = distance_of(theirs, ours)
    levels = levels_apart(theirs, ours, manifest)
    told = f"{count} of {apart.size} values differ, by up to {distance:.3g} ({levels})"
    found = explanation(theirs, image, manifest, distance)
    return Difference(False, count, distance, f"{told}: {found}" if found else told)


def distance_of(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of any value; infinite where one is no number."""
    difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
    return float(difference.max()) if np.isfinite(difference).all() else float("inf")


def levels_apart(theirs: np.ndarray, ours: np.ndarray, manifest: Manifest) -> str:
    """The difference in levels of 8 bits, in words: none of it means that only the normalisation differs."""
    if not np.isfinite(theirs.astype(np.float64)).all():
        return "some are no numbers"
    if theirs.dtype != np.uint8:
        theirs, ours = (quantised(one, manifest.preprocessing) for one in (theirs, ours))
    apart = np.abs(theirs.astype(np.int64) - ours)
    if not apart.any():
        return "no level differs, so it is the normalisation's arithmetic"
    return f"{int((apart > 0).sum())} levels differ, by {apart.max()} of 255 at most and {apart.mean():.2f} on average"


def explanation(theirs: np.ndarray, image: np.ndarray, manifest: Manifest, distance: float) -> str:
    """Which other preparation gives the device's tensor, in words; empty where no usual mistake explains it."""
    if manifest.preprocessing.channels == 3 and np.array_equal(theirs, backwards(prepared(image, manifest))):
        return "its channels are in reverse order, exchanged after the normalisation"
    best, words = distance * EXPLAINED, ""
    for what, spec, turned in mistakes(manifest.preprocessing):
        changed = replace(manifest, preprocessing=spec)
        try:
            other = prepared(image[..., turned] if turned else image, changed)
        except (EdgekitError, ValueError):
            continue  # a photo that does not fit what was tried
        if other.shape != theirs.shape:
            continue
        left = distance_of(theirs, other)
        if left == 0:
            return f"it is what {what} gives, to the bit"
        if left < best:
            best, words = left, f"it is nearly what {what} gives (within {left:.2g})"
    return words


def backwards(tensor: np.ndarray) -> np.ndarray:
    """A sample with its channels in reverse order: float32 [C, H, W], or levels, uint8 [H, W, C]."""
    return tensor[..., ::-1] if tensor.dtype == np.uint8 else tensor[..., ::-1, :, :]


def mistakes(spec: Preprocessing) -> Iterator[tuple[str, Preprocessing, list[int] | None]]:
    """Mistakes that apps make, each as the preparation that it amounts to, with the order of the photo's channels."""
    swapped = [2, 1, 0]
    yield "the photo with red and blue exchanged", spec, swapped
    for what, changes in changed_fields(spec):
        try:
            other = replace(spec, **changes)
        except (ValueError, ValidationError):
            continue
        if other != spec:
            yield what, other, None


def changed_fields(spec: Preprocessing) -> Iterator[tuple[str, dict]]:
    """Fields of a preparation that apps get wrong."""
    for backend, kernels in INTERPOLATIONS.items():
        for kernel in kernels:
            if (backend, kernel) != (spec.resize_backend, spec.interpolation):
                what = f"another resize ({kernel} as {'OpenCV' if backend == 'opencv' else 'Pillow'} has it)"
                yield what, {"resize_backend": backend, "interpolation": kernel}
    size = Size.of(spec.crop)
    for how, what in (("stretch", "stretching the photo"), ("letterbox", "a letterbox")):
        yield f"{what} to {size} instead of resize = {spec.resize}", {"resize": how, "resize_to": size}
    yield f"resize_short = {max(size)}", {"resize": "short", "resize_short": max(size)}
    for origin in ("centre_floor", "centre_round", "top_left"):
        yield f"crop_origin = {origin}", {"crop_origin": origin}
    for rounding in ("half_even", "floor"):
        yield f"size_rounding = {rounding}", {"size_rounding": rounding}
    yield "the photo's largest square, cut first,", {"crop_first": "square"}
    for normalisation in (STEP_BY_STEP, FUSED):
        yield f"normalisation = {normalisation}", {"normalisation": normalisation}
    channels = spec.channels
    yield "levels of 0 to 1 without mean and std", {"mean": (0.0,) * channels, "std": (1.0,) * channels}
    yield "levels of -1 to 1 (mean and std of 0.5)", {"mean": (0.5,) * channels, "std": (0.5,) * channels}
    yield (
        "levels of 0 to 255 without normalisation",
        {
            "mean": (0.0,) * channels,
            "std": (1.0,) * channels,
            "divide_by": 1.0,
            "min_value": 0.0,
        },
    )
