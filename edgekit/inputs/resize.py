"""Two ways to resize a photo and cut out its centre, each bit for bit as the library that it is named after.

Both work on 8-bit RGB and give 8 bits. They differ in the last bit of most values, and by far more where a photo
is reduced: `pillow` averages over all pixels that a target pixel covers, `opencv` reads four of them.
"""

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np

MAX_RESIZED_PIXELS = 64 << 20
"""The largest image that the pillow backend makes before the crop: a photo of 1 x 8000 px would become gigabytes."""


def opencv_bilinear(image: "np.ndarray", size: tuple[int, int], crop: int) -> "np.ndarray":
    """The centre `crop` x `crop` of `cv2.resize(image, ..., INTER_LINEAR)`: uint8 [crop, crop, 3].

    `image` is uint8 [H, W, 3], `size` the (height, width) to resize to. A value is the bilinear mean of the four
    pixels around `(i + 0.5) * source / target - 0.5`, edges repeated, in OpenCV's fixed-point arithmetic
    (`modules/imgproc/src/resize.cpp`: weights of 11 bits, four bits dropped between the passes), since a correctly
    rounded mean differs from it by one level in every eighth value. Being integer arithmetic, it is the same on
    every machine.
    """
    import numpy as np

    # Only the rows and columns that the crop keeps are ever computed: large photos cost no more than small ones.
    rows = _Taps.of(image.shape[0], size[0], crop)
    columns = _Taps.of(image.shape[1], size[1], crop)
    across = (columns.weight_before[None, :, None], columns.weight_after[None, :, None])

    def blend_across(row: "np.ndarray") -> "np.ndarray":
        before = image[row[:, None], columns.before[None, :]].astype(np.int32)
        after = image[row[:, None], columns.after[None, :]].astype(np.int32)
        return (before * across[0] + after * across[1]) >> 4

    upper = (blend_across(rows.before) * rows.weight_before[:, None, None]) >> 16
    lower = (blend_across(rows.after) * rows.weight_after[:, None, None]) >> 16
    return np.clip((upper + lower + 2) >> 2, 0, 255).astype(np.uint8)


class _Taps(NamedTuple):
    """Which two source positions each output position blends, and with which 11-bit weights."""

    before: "np.ndarray"
    after: "np.ndarray"
    weight_before: "np.ndarray"
    weight_after: "np.ndarray"

    @classmethod
    def of(cls, source: int, target: int, crop: int) -> "_Taps":
        """The taps of the middle `crop` of `target` positions over `source` pixels."""
        import numpy as np

        start = (target - crop) // 2
        # OpenCV inverts the ratio twice and keeps the position in float32; both show in the last bit of a
        # weight.
        step = 1.0 / (target / source)
        centre = ((np.arange(start, start + crop) + 0.5) * step - 0.5).astype(np.float32)
        before = np.floor(centre).astype(np.intp)
        fraction = centre - before.astype(np.float32)
        return cls(
            np.clip(before, 0, source - 1),
            np.clip(before + 1, 0, source - 1),
            np.rint((np.float32(1) - fraction) * np.float32(2048)).astype(np.int32),
            np.rint(fraction * np.float32(2048)).astype(np.int32),
        )


def pillow_antialiased(
    image: "np.ndarray", size: tuple[int, int], crop: int, interpolation: Literal["bilinear", "bicubic"]
) -> "np.ndarray":
    """The centre `crop` x `crop` of `PIL.Image.resize` with BILINEAR or BICUBIC: uint8 [crop, crop, 3].

    `image` is uint8 [H, W, 3], `size` the (height, width) to resize to. The passes are made one by one, across
    first, as every Pillow up to 12 does (PaddleClas's published accuracies are older): Pillow 13 reduces some tall
    photos downwards first, which changes many values by a level. What one pass computes is written down in
    docs/preprocessing.md and done once more in runtime_tests/cpp.

    Raises `ValueError` where an image on the way would have more than `MAX_RESIZED_PIXELS`.
    """
    import numpy as np
    from PIL import Image

    height, width = size
    if max(image.shape[0] * width, height * crop) > MAX_RESIZED_PIXELS:
        raise ValueError(f"a photo of {image.shape[1]} x {image.shape[0]} px would become {width} x {height} px")
    kernel = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}[interpolation]
    top, left = (height - crop) // 2, (width - crop) // 2
    across = Image.fromarray(image).resize((width, image.shape[0]), kernel)
    columns = across.crop((left, 0, left + crop, image.shape[0]))
    return np.asarray(columns.resize((crop, height), kernel))[top : top + crop]
