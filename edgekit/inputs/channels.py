"""A photo in the channels that a model takes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Weights of red, green and blue, the rounding and the bits: cvtColor's since OpenCV 4 and Pillow's convert("L").
# Both are ITU-R BT.601's 0.299, 0.587, 0.114 in fixed point.
GREY = {"opencv": (9798, 19235, 3735, 15), "pillow": (19595, 38470, 7471, 16)}


def with_channels(photo: "np.ndarray", order: str, backend: str) -> "np.ndarray":
    """A photo, uint8 RGB or RGBA [H, W, 3 or 4], as uint8 [H, W, C] in `order`, one of `ChannelOrder`.

    Grey is that of `backend` ("opencv", "pillow"). A photo without an alpha channel is opaque: 255. Where the order
    has none, it is dropped, as `cv2.imread` and Pillow's `convert("RGB")` do.
    """
    import numpy as np

    if order == "GRAY":
        red, green, blue, bits = GREY[backend]
        colours = photo[:, :, :3].astype(np.int64)
        total = colours[:, :, 0] * red + colours[:, :, 1] * green + colours[:, :, 2] * blue + (1 << (bits - 1))
        return (total >> bits).astype(np.uint8)[:, :, None]
    colours = photo[:, :, 2::-1] if order.startswith("BGR") else photo[:, :, :3]
    if len(order) == 3:
        return colours
    if order.endswith("0"):
        fourth = np.zeros((*photo.shape[:2], 1), np.uint8)
    elif photo.shape[2] == 4:
        fourth = photo[:, :, 3:]
    else:
        fourth = np.full((*photo.shape[:2], 1), 255, np.uint8)
    return np.concatenate([colours, fourth], axis=2)
