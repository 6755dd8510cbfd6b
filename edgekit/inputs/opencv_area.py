"""`cv2.resize` on 8 bits with INTER_AREA: the mean over all that a target pixel covers."""

import math
from typing import TYPE_CHECKING, NamedTuple

from edgekit.inputs.geometry import Window
from edgekit.inputs.opencv_resize import WEIGHT, Taps, blended_down
from edgekit.inputs.size import Size

if TYPE_CHECKING:
    import numpy as np

# A part of a source pixel up to this is left out.
LEAST = 1e-3


def opencv_area(image: "np.ndarray", size: Size, kept: Window) -> "np.ndarray":
    """Where no side grows: sums of whole pixels for whole ratios, else of parts in float32, in OpenCV's order."""
    import numpy as np

    ratios = [source / target for source, target in zip(image.shape[:2], size, strict=True)]
    # OpenCV inverts the ratio twice.
    scales = [1.0 / (target / source) for source, target in zip(image.shape[:2], size, strict=True)]
    if all(abs(scale - round(scale)) < np.finfo(np.float64).eps for scale in scales):
        return whole_area(image, kept, round(ratios[0]), round(ratios[1]))
    rows = Cover.of(image.shape[0], size.height, scales[0], kept.top, kept.height)
    columns = Cover.of(image.shape[1], size.width, scales[1], kept.left, kept.width)
    channels = image.shape[2]
    total = np.zeros((kept.height, kept.width, channels), np.float32)
    for down in range(rows.positions.shape[1]):
        lines = image[rows.positions[:, down]]
        across = np.zeros_like(total)
        for tap in range(columns.positions.shape[1]):
            # Adding a product of zero, of a tap that a position lacks, changes nothing.
            across += lines[:, columns.positions[:, tap]].astype(np.float32) * columns.weights[:, tap][None, :, None]
        total += rows.weights[:, down][:, None, None] * across
    return np.clip(np.rint(total), 0, 255).astype(np.uint8)


def whole_area(image: "np.ndarray", kept: Window, down: int, across: int) -> "np.ndarray":
    """The mean of `down` x `across` pixels: halves up of 2 x 2, else as a product with a float32, to the even one."""
    import numpy as np

    part = image[kept.top * down : (kept.top + kept.height) * down, kept.left * across :][:, : kept.width * across]
    blocks = part.reshape(kept.height, down, kept.width, across, image.shape[2]).astype(np.int64)
    total = blocks.sum(axis=(1, 3))
    if (down, across) == (2, 2):
        return ((total + 2) >> 2).astype(np.uint8)
    return np.rint(total.astype(np.float32) * np.float32(1.0 / (down * across))).astype(np.uint8)


class Cover(NamedTuple):
    """What each output position covers: source positions and weights (float32), [count, taps], zeros at the end."""

    positions: "np.ndarray"
    weights: "np.ndarray"

    @classmethod
    def of(cls, source: int, target: int, scale: float, start: int, count: int) -> "Cover":
        """That of `count` of `target` positions from `start` on over `source` pixels."""
        import numpy as np

        taps = [covered(source, scale, index) for index in range(start, start + count)]
        longest = max(len(each) for each in taps)
        positions = np.zeros((count, longest), np.intp)
        weights = np.zeros((count, longest), np.float32)
        for row, each in enumerate(taps):
            positions[row, : len(each)] = [position for position, _ in each]
            weights[row, : len(each)] = [weight for _, weight in each]
        return cls(positions, weights)


def covered(source: int, scale: float, index: int) -> list[tuple[int, float]]:
    """The source pixels under output position `index`, each with its part of the whole, in double."""
    begin = index * scale
    end = begin + scale
    width = min(scale, source - begin)
    last = min(math.floor(end), source - 1)
    first = min(math.ceil(begin), last)
    taps: list[tuple[int, float]] = []
    if first - begin > LEAST:
        taps.append((first - 1, (first - begin) / width))
    taps += [(position, 1.0 / width) for position in range(first, last)]
    if end - last > LEAST:
        taps.append((last, min(end - last, 1.0, width) / width))
    return taps


def opencv_area_enlarged(image: "np.ndarray", size: Size, kept: Window) -> "np.ndarray":
    """Where a side grows: two taps as of INTER_LINEAR, and the weights of the areas that a target pixel covers."""
    columns = area_taps(image.shape[1], size.width, kept.left, kept.width)
    rows = area_taps(image.shape[0], size.height, kept.top, kept.height)
    return blended_down(image, columns, rows)


def area_taps(source: int, target: int, start: int, count: int) -> Taps:
    """The two pixels of each position, and their weights in 1/2048."""
    import numpy as np

    ratio = target / source
    index = np.arange(start, start + count)
    before = np.floor(index * (1.0 / ratio)).astype(np.intp)
    over = ((index + 1) - (before + 1) * ratio).astype(np.float32)
    fraction = np.where(over <= 0, np.float32(0), over - np.floor(over))
    positions = np.clip(before[:, None] + np.arange(2), 0, source - 1)
    weights = np.stack([np.float32(1) - fraction, fraction], axis=1) * np.float32(WEIGHT)
    return Taps(positions, np.rint(weights).astype(np.int32))
