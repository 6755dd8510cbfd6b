"""`cv2.resize` on 8 bits with INTER_NEAREST, INTER_LINEAR, INTER_CUBIC and INTER_LANCZOS4.

All but the first blend the pixels around `p = (i + 0.5) * source / target - 0.5`, edges repeated, first across, then
down, in fixed-point arithmetic with weights of 11 bits (`modules/imgproc/src/resize.cpp`), since a correctly rounded
mean differs from it by one level in every eighth value.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from edgekit.inputs.geometry import Window
from edgekit.inputs.size import Size

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

WEIGHT = 2048
# Of a row, OpenCV computes so many values at once (128-bit vectors on x86-64); what is left over goes another way.
VECTOR = 8


class Taps(NamedTuple):
    """Which source positions each output position blends, and with which weights: both int32 [count, taps]."""

    positions: "np.ndarray"
    weights: "np.ndarray"

    @classmethod
    @lru_cache(maxsize=64)
    def of(
        cls, source: int, target: int, start: int, count: int, kernel: "Callable[[np.ndarray], np.ndarray]", taps: int
    ) -> "Taps":
        """The taps of `count` of `target` positions from `start` on over `source` pixels.

        `kernel` gives the weights, float32 [count, taps], for the fractions of a pixel, float32 [count]. Photos of one
        size share them.
        """
        import numpy as np

        # OpenCV inverts the ratio twice and keeps the position in float32; both show in the last bit of a weight.
        step = 1.0 / (target / source)
        centre = ((np.arange(start, start + count) + 0.5) * step - 0.5).astype(np.float32)
        before = np.floor(centre).astype(np.intp)
        fraction = centre - before.astype(np.float32)
        positions = before[:, None] + np.arange(1 - taps // 2, taps // 2 + 1)
        weights = np.rint(kernel(fraction) * np.float32(WEIGHT)).astype(np.int32)
        positions = np.clip(positions, 0, source - 1)
        positions.flags.writeable = weights.flags.writeable = False
        return cls(positions, weights)

    def blended_across(self, image: "np.ndarray", rows: "np.ndarray") -> "np.ndarray":
        """The sums of these columns, weighted, in some rows of `image`: int32 [rows, count, C], in 1/2048 levels."""
        import numpy as np

        # What several output rows read is computed once.
        distinct, back = np.unique(rows, return_inverse=True)
        channels = image.shape[2]
        lines = image[distinct].reshape(len(distinct), -1)
        total = np.zeros((len(distinct), len(self.positions) * channels), np.int32)
        for tap in range(self.positions.shape[1]):
            values = np.take(lines, (self.positions[:, tap, None] * channels + np.arange(channels)).ravel(), axis=1)
            total += np.multiply(values, np.repeat(self.weights[:, tap], channels), dtype=np.int32)
        return total.reshape(len(distinct), -1, channels)[back.reshape(rows.shape)]


def opencv_nearest(image: "np.ndarray", size: Size, kept: Window) -> "np.ndarray":
    """INTER_NEAREST: the pixel at `floor(i * source / target)`, not the nearest one."""
    import numpy as np

    def positions(source: int, target: int, start: int, count: int) -> "np.ndarray":
        step = 1.0 / (target / source)
        return np.minimum(np.floor(np.arange(start, start + count) * step).astype(np.intp), source - 1)

    rows = positions(image.shape[0], size.height, kept.top, kept.height)
    columns = positions(image.shape[1], size.width, kept.left, kept.width)
    return image[rows[:, None], columns[None, :]]


def opencv_bilinear(image: "np.ndarray", size: Size, kept: Window) -> "np.ndarray":
    """INTER_LINEAR: two taps an axis; four bits are dropped between the passes."""
    columns = Taps.of(image.shape[1], size.width, kept.left, kept.width, linear, 2)
    rows = Taps.of(image.shape[0], size.height, kept.top, kept.height, linear, 2)
    return blended_down(image, columns, rows)


def blended_down(image: "np.ndarray", columns: Taps, rows: Taps) -> "np.ndarray":
    """Two taps an axis, as INTER_LINEAR blends them: uint8 [rows, columns, C]."""
    import numpy as np

    # Nearly every row is the upper one of one output row and the lower one of another.
    both = columns.blended_across(image, rows.positions.T)
    both >>= 4
    both *= rows.weights.T[:, :, None, None]
    both >>= 16
    total = both[0]
    total += both[1]
    total += 2
    total >>= 2
    return np.minimum(total, 255, out=total).astype(np.uint8)


def opencv_bicubic(image: "np.ndarray", size: Size, kept: Window) -> "np.ndarray":
    """INTER_CUBIC: four taps an axis, Keys' kernel with a = -3/4.

    Down, OpenCV on x86-64 computes eight values at a time in float32, and what is left of a row in integers: they
    differ in the last bit where a value lies near a half.
    """
    import numpy as np

    columns = Taps.of(image.shape[1], size.width, kept.left, kept.width, cubic, 4)
    rows = Taps.of(image.shape[0], size.height, kept.top, kept.height, cubic, 4)
    across = [columns.blended_across(image, rows.positions[:, tap]) for tap in range(4)]
    factors = rows.weights.astype(np.float32) * np.float32(1.0 / (WEIGHT * WEIGHT))
    weighted = [part.astype(np.float32) * factors[:, tap][:, None, None] for tap, part in enumerate(across)]
    total = weighted[0] + (weighted[1] + (weighted[2] + weighted[3]))
    vectors = np.clip(np.rint(total), 0, 255).astype(np.uint8)
    channels = image.shape[2]
    left_over = size.width * channels % VECTOR
    if left_over:
        index = (kept.left + np.arange(kept.width))[:, None] * channels + np.arange(channels)
        single = index >= size.width * channels - left_over
        vectors[:, single] = rounded_down(across, rows)[:, single]
    return vectors


def opencv_lanczos(image: "np.ndarray", size: Size, kept: Window) -> "np.ndarray":
    """INTER_LANCZOS4: eight taps an axis."""
    columns = Taps.of(image.shape[1], size.width, kept.left, kept.width, lanczos, 8)
    rows = Taps.of(image.shape[0], size.height, kept.top, kept.height, lanczos, 8)
    return rounded_down([columns.blended_across(image, rows.positions[:, tap]) for tap in range(8)], rows)


def rounded_down(across: "list[np.ndarray]", rows: Taps) -> "np.ndarray":
    """The sum down of what was blended across, in 1/2^22 levels, rounded half up: uint8."""
    import numpy as np

    total = np.zeros(across[0].shape, np.int64)
    for tap, part in enumerate(across):
        total += part.astype(np.int64) * rows.weights[:, tap][:, None, None]
    return np.clip((total + (1 << 21)) >> 22, 0, 255).astype(np.uint8)


def linear(fraction: "np.ndarray") -> "np.ndarray":
    """The weights of the pixels before and after."""
    import numpy as np

    return np.stack([np.float32(1) - fraction, fraction], axis=1)


def cubic(fraction: "np.ndarray") -> "np.ndarray":
    """R. Keys' cubic convolution (1981) with a = -3/4, each step in float32; the last weight completes the sum."""
    import numpy as np

    a, one = np.float32(-0.75), np.float32(1)
    outer = fraction + one
    inner = one - fraction
    first = ((a * outer - 5 * a) * outer + 8 * a) * outer - 4 * a
    second = ((a + 2) * fraction - (a + 3)) * fraction * fraction + one
    third = ((a + 2) * inner - (a + 3)) * inner * inner + one
    return np.stack([first, second, third, one - first - second - third], axis=1)


def lanczos(fraction: "np.ndarray") -> "np.ndarray":
    """Lanczos' kernel of radius 4, as OpenCV computes it: each weight in double, rounded, and scaled in float32.

    `sin(pi x) * sin(pi x / 4) / (pi x)^2 * 4`, but for factors that are the same for all taps: the quarter turns
    between the taps leave two sines to compute.
    """
    import numpy as np

    root = math.sqrt(0.5)
    turns = [(1, 0), (-root, -root), (0, 1), (root, -root), (-1, 0), (root, root), (0, -1), (-root, root)]
    # x + 3 is a float32; libm's sine and cosine are taken, as OpenCV does, since numpy's may differ in a bit.
    shifted = fraction + np.float32(3)
    angle = [-float(x) * math.pi * 0.25 for x in shifted]
    sine = np.array([math.sin(y) for y in angle])
    cosine = np.array([math.cos(y) for y in angle])
    weights = np.empty((len(fraction), 8), np.float32)
    for tap, (of_sine, of_cosine) in enumerate(turns):
        distance = shifted - np.float32(tap)
        y = -distance.astype(np.float64) * math.pi * 0.25
        with np.errstate(divide="ignore", invalid="ignore"):
            value = ((of_sine * sine + of_cosine * cosine) / (y * y)).astype(np.float32)
        weights[:, tap] = np.where(np.abs(distance) >= 1e-6, value, np.float32(1e30))
    total = np.zeros(len(fraction), np.float32)
    for tap in range(8):
        total += weights[:, tap]
    return weights * (np.float32(1) / total)[:, None]
