"""One photo on its way into a model, as pictures: what each step of the preprocessing leaves of it."""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgekit.inputs.channels import with_channels
from edgekit.inputs.geometry import Window, placement
from edgekit.inputs.prepare import cropped_levels, tensor_of, value_range
from edgekit.inputs.resize import resized_window
from edgekit.inputs.size import Size

if TYPE_CHECKING:
    import numpy as np

    from edgekit.inputs.preprocessing import Preprocessing

LARGEST = 480
"""Pixels of the longer side of a picture in a page."""
LINE = (229, 62, 62)
"""The colour of what is kept."""


@dataclass(frozen=True)
class PhotoStage:
    """One step: what it is called, what is to be said of it, and its pictures as addresses that hold them."""

    title: str
    about: str
    pictures: tuple[str, ...]


def photo_stages(image: "np.ndarray", spec: "Preprocessing") -> list[PhotoStage]:
    """The way of `image`, uint8 RGB or RGBA [H, W, 3 or 4], into the model's input tensor.

    Raises as `edgekit.inputs.prepare.preprocess`.
    """
    way = placement(Size(*image.shape[:2]), spec)
    height, width = image.shape[:2]
    cut_photo = spec.crop_first != "none"
    stages = [
        PhotoStage(
            "the photo, upright",
            f"{width} × {height} px" + (f", of which {window_text(way.cut)} are cut out" if cut_photo else ""),
            (picture(outlined(image[:, :, :3], way.cut) if cut_photo else image[:, :, :3]),),
        )
    ]
    # The whole of what is resized, to show what is cut off; edgekit itself computes only what is kept.
    whole = Size(*way.resized)
    colours = with_channels(image[way.cut.rows, way.cut.columns], "RGB", spec.resize_backend)
    if spec.resize != "none" and fits(whole):
        everything = Window(0, 0, *whole)
        resized = resized_window(colours, whole, everything, spec.resize_backend, spec.interpolation)
        pads = spec.resize == "letterbox"
        kept = "" if pads or way.kept == everything else f", of which {window_text(way.kept)} are kept"
        stages.append(
            PhotoStage(
                f"resized: {spec.resize}, {spec.interpolation} of {spec.resize_backend}",
                f"{whole.width} × {whole.height} px{kept}",
                (picture(outlined(resized, way.kept) if kept else resized),),
            )
        )
    levels = cropped_levels(image, spec)
    stages.append(
        PhotoStage(
            "padded" if spec.resize == "letterbox" else "cropped",
            f"{spec.input_size} px, 8-bit levels, channels {spec.channel_order}",
            (picture(visible(levels, spec)),),
        )
    )
    tensor = tensor_of(levels, Size(height, width), spec)
    lowest, highest = value_range(spec)
    stages.append(
        PhotoStage(
            f"normalised: {spec.normalisation}",
            f"float32 [1, {', '.join(map(str, tensor.shape))}], values from {tensor.min():.3f} to {tensor.max():.3f}, "
            "a picture for each channel",
            tuple(picture(greys(channel, *ends)) for channel, *ends in zip(tensor, lowest, highest, strict=True)),
        )
    )
    return stages


def fits(size: Size) -> bool:
    """Whether all of it can be computed for a picture: a narrow photo may become very long."""
    return size.height * size.width <= 4_000_000


def window_text(window: Window) -> str:
    """Its size and its corner."""
    return f"{window.width} × {window.height} px from ({window.left}, {window.top}) on"


def outlined(image: "np.ndarray", window: Window) -> "np.ndarray":
    """What lies outside of `window` paler, with a line around it: uint8 RGB [H, W, 3]."""
    import numpy as np

    pale = (image.astype(np.float32) * 0.35 + 255 * 0.65).astype(np.uint8)
    pale[window.rows, window.columns] = image[window.rows, window.columns]
    thick = max(1, round(max(image.shape[:2]) / 160))
    top, left = window.top, window.left
    bottom, right = top + window.height, left + window.width
    pale[top : top + thick, left:right] = pale[bottom - thick : bottom, left:right] = LINE
    pale[top:bottom, left : left + thick] = pale[top:bottom, right - thick : right] = LINE
    return pale


def visible(levels: "np.ndarray", spec: "Preprocessing") -> "np.ndarray":
    """The levels [H, W, C] in colours that people see: RGB [H, W, 3]."""
    import numpy as np

    if spec.channel_order == "GRAY":
        return np.repeat(levels, 3, axis=2)
    return levels[:, :, 2::-1] if spec.channel_order.startswith("BGR") else levels[:, :, :3]


def greys(channel: "np.ndarray", lowest: float, highest: float) -> "np.ndarray":
    """One channel of a tensor, black at the lowest value that a level can become: uint8 [H, W, 3]."""
    import numpy as np

    span = float(highest - lowest) or 1.0
    shade = np.clip((channel - lowest) / span * 255, 0, 255).astype(np.uint8)
    return np.repeat(shade[:, :, None], 3, axis=2)


def picture(pixels: "np.ndarray") -> str:
    """A picture as an address that holds it, reduced to `LARGEST`: `pixels` are uint8 RGB [H, W, 3]."""
    import numpy as np
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((LARGEST, LARGEST))
    written = io.BytesIO()
    # Small ones stay exact: what a page enlarges, shows single pixels.
    small = max(image.size) <= 128
    image.save(written, "PNG" if small else "JPEG", **({} if small else {"quality": 88}))
    kind = "png" if small else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(written.getvalue()).decode('ascii')}"
