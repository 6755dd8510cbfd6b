"""Reads an image file as people see it: upright, RGB, 8 bits."""

import struct
import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from edgekit.errors import UsageError
from edgekit.untrusted.files import open_regular

if TYPE_CHECKING:
    import numpy as np


FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""What photos come in. Pillow knows forty more, whose decoders nobody needs here: that of EPS starts Ghostscript."""


def load_image(path: Path, *, alpha: bool = False) -> "np.ndarray":
    """The image as uint8 RGB [H, W, 3], turned upright by its EXIF orientation, without its alpha channel.

    With `alpha`, RGBA [H, W, 4] where the image has such a channel.

    Greyscale, palette and CMYK images become RGB, 16-bit greyscale keeps its upper 8 bits, of an animation
    the first frame counts: as `cv2.imread` does, which PaddleClas decodes with.

    Raises `UsageError` for a file that is absent, unreadable, truncated, of a floating-point format, or
    larger than Pillow's limit against decompression bombs (89 megapixels).
    """
    with open_regular(path, "image") as stream:
        return read_image(stream, str(path), alpha=alpha)


def decode_image(content: bytes, name: str, *, alpha: bool = False) -> "np.ndarray":
    """`load_image` of a file's bytes; `name` is for its errors."""
    return read_image(BytesIO(content), name, alpha=alpha)


def read_image(stream: BinaryIO, name: str, *, alpha: bool = False) -> "np.ndarray":
    """`load_image` of an open file; `name` is for its errors."""
    import numpy as np
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels on and refuses from twice that; here the limit is the lower one.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(stream, formats=FORMATS) as opened:
                opened.load()
                file_format, image = opened.format, opened
                # In place, and no conversion where none is needed: each copy of 89 megapixels takes a third of a GB.
                ImageOps.exif_transpose(image, in_place=True)
    except UnidentifiedImageError:
        raise UsageError(f"{name} is not an image that Pillow can read", "Give a JPEG, PNG or WebP file.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UsageError(
            f"{name} has more than {Image.MAX_IMAGE_PIXELS} pixels", "Give it in a smaller size."
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error) as error:
        # Pillow's decoders have no common error for damaged files.
        raise UsageError(
            f"{name} cannot be read ({error})", "The file may be truncated; check that it opens elsewhere."
        ) from None
    if image.mode == "F" or (image.mode == "I" and file_format != "PNG"):
        raise UsageError(f"{name} holds {image.mode}-mode values, not colours", "Save it as an 8-bit image.")
    if image.mode.startswith("I"):
        # Pillow's own conversion to RGB would cut 16-bit values off at 255.
        upper = (np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(upper[:, :, None], 3, axis=2)
    mode = "RGBA" if alpha and image.has_transparency_data else "RGB"
    return np.asarray(image if image.mode == mode else image.convert(mode))
