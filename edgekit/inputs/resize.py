"""Resizes a photo and keeps a part of it, bit for bit as the library that the backend is named after.

Both work on 8-bit channels and give 8 bits. They differ in the last bit of most values, and by far more where a photo
is reduced: `pillow` averages over all pixels that a target pixel covers, `opencv` reads as many as the kernel has
taps (only its `area` averages).
"""

from typing import TYPE_CHECKING

from edgekit.inputs.geometry import Window
from edgekit.inputs.opencv_area import opencv_area, opencv_area_enlarged
from edgekit.inputs.opencv_resize import opencv_bicubic, opencv_bilinear, opencv_lanczos, opencv_nearest
from edgekit.inputs.pillow_resize import pillow_resize
from edgekit.inputs.size import Size

if TYPE_CHECKING:
    import numpy as np

_OPENCV = {
    "nearest": opencv_nearest,
    "bilinear": opencv_bilinear,
    "bicubic": opencv_bicubic,
    "lanczos": opencv_lanczos,
}


def resized_window(image: "np.ndarray", resized: Size, kept: Window, backend: str, interpolation: str) -> "np.ndarray":
    """The window `kept` of `image`, uint8 [H, W, C], resized to `resized`: uint8 [kept.height, kept.width, C].

    Only what is kept is computed: large photos cost no more than small ones. Raises `ValueError` where Pillow's way
    there would need gigabytes.
    """
    source = Size(*image.shape[:2])
    if source == resized:  # both libraries copy
        return image[kept.rows, kept.columns]
    if backend == "pillow":
        return pillow_resize(image, resized, kept, interpolation)
    if interpolation != "area":
        return _OPENCV[interpolation](image, resized, kept)
    # OpenCV averages where neither side grows, and else interpolates between two pixels in a way of its own.
    shrinks = all(before >= after for before, after in zip(source, resized, strict=True))
    return (opencv_area if shrinks else opencv_area_enlarged)(image, resized, kept)
