"""`PIL.Image.resize` on 8-bit channels, by Pillow itself."""

from typing import TYPE_CHECKING

from edgekit.errors import UsageError
from edgekit.inputs.geometry import Window
from edgekit.inputs.size import Size

if TYPE_CHECKING:
    import numpy as np

MAX_RESIZED_PIXELS = 64 << 20
"""The largest image that is made on the way: a photo of 1 x 8000 px would become gigabytes."""


def pillow_resize(image: "np.ndarray", size: Size, kept: Window, interpolation: str) -> "np.ndarray":
    """The window `kept` of `image`, uint8 [H, W, 1 or 3], resized to `size` with one of Pillow's kernels: uint8.

    The passes are made one by one, across first, as every Pillow up to 12 does (PaddleClas's published accuracies are
    older): Pillow 13 reduces some tall photos downwards first, which changes many values by a level. What one pass
    computes is written down in docs/preprocessing.md and done once more in runtime/preprocessing.

    Raises `UsageError` where an image on the way would have more than `MAX_RESIZED_PIXELS`.
    """
    import numpy as np
    from PIL import Image

    if max(image.shape[0] * size.width, size.height * kept.width) > MAX_RESIZED_PIXELS:
        raise UsageError(
            f"a photo of {image.shape[1]} x {image.shape[0]} px would become {size.width} x {size.height} px"
        )
    kernel = Image.Resampling[interpolation.upper()]
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else np.ascontiguousarray(image))
    across = picture.resize((size.width, image.shape[0]), kernel)
    columns = across.crop((kept.left, 0, kept.left + kept.width, image.shape[0]))
    result = np.asarray(columns.resize((kept.width, size.height), kernel))[kept.rows]
    return result.reshape(kept.height, kept.width, image.shape[2])
