"""The input tensor of a photo, as its specification has it, bit for bit as PaddleClas makes it."""

from functools import lru_cache

import numpy as np

from edgekit.inputs.channels import with_channels
from edgekit.inputs.geometry import placement
from edgekit.inputs.preprocessing import FUSED, Preprocessing
from edgekit.inputs.resize import resized_window
from edgekit.inputs.size import Size


def preprocess(image: np.ndarray, spec: Preprocessing) -> np.ndarray:
    """The input tensor of one image: float32 [C, *input_size] from uint8 RGB or RGBA [H, W, 3 or 4].

    Raises `ValueError` for another dtype or shape, `UsageError` for a photo that is smaller than what is to be cut out
    of it, or that would become gigabytes.
    """
    return tensor_of(cropped_levels(image, spec), Size(*image.shape[:2]), spec)


def tensor_of(levels: np.ndarray, photo: Size, spec: Preprocessing) -> np.ndarray:
    """What `preprocess` makes of `cropped_levels` of an image of the size `photo`: float32 [C, *input_size]."""
    tensor = normalised(levels, spec)
    if spec.resize == "letterbox" and not spec.pads_with_levels:
        place = placement(photo, spec).place
        padded = np.broadcast_to(_normalised(spec.pad_levels[:, None, None], spec), tensor.shape).copy()
        padded[:, place.rows, place.columns] = tensor[:, place.rows, place.columns]
        return padded
    return tensor


def cropped_levels(image: np.ndarray, spec: Preprocessing) -> np.ndarray:
    """The first half of `preprocess`, up to the normalisation: uint8 [*input_size, C] in the model's channel order.

    A model with embedded preprocessing takes this. Padding between two levels is rounded here. Raises `ValueError` as
    `preprocess` does.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (3, 4) or 0 in image.shape:
        raise ValueError(f"expected a uint8 RGB image [height, width, 3], got {image.dtype} {list(image.shape)}")
    way = placement(Size(*image.shape[:2]), spec)
    photo = with_channels(image[way.cut.rows, way.cut.columns], spec.channel_order, spec.resize_backend)
    window = resized_window(photo, way.resized, way.kept, spec.resize_backend, spec.interpolation)
    levels = np.empty((*spec.input_size, spec.channels), np.uint8)
    if spec.resize == "letterbox":
        levels[:] = np.rint(spec.pad_levels).astype(np.uint8)
    levels[way.place.rows, way.place.columns, : window.shape[2]] = window
    levels[:, :, window.shape[2] :] = 0  # the channel of zeros, where there is one
    return levels


def normalised(levels: np.ndarray, spec: Preprocessing) -> np.ndarray:
    """The second half of `preprocess`: float32 [..., C, H, W] from 8-bit levels, uint8 [..., H, W, C]."""
    table = _normalised_levels(spec)
    tensor = np.empty((*levels.shape[:-3], spec.channels, *levels.shape[-3:-1]), np.float32)
    for channel in range(spec.channels):
        # Levels are indices of the table, all of them: with "clip" nothing is looked at twice.
        np.take(table[channel], levels[..., channel], out=tensor[..., channel, :, :], mode="clip")
    return tensor


def quantised(tensor: np.ndarray, spec: Preprocessing) -> np.ndarray:
    """The 8-bit levels nearest to an input tensor: uint8 [..., H, W, C] from float32 [..., C, H, W]."""
    minimum, divisor, mean, std = (values[:, None, None] for values in spec.constants)
    levels = np.rint((tensor.astype(np.float64) * std + mean) * divisor + minimum)
    return np.ascontiguousarray(np.moveaxis(np.clip(levels, 0, 255).astype(np.uint8), -3, -1))


def value_range(spec: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest value of each channel that an 8-bit image can have: two float32 arrays [C]."""
    table = _normalised_levels(spec)
    return table[:, 0], table[:, 255]


@lru_cache(maxsize=8)
def _normalised_levels(spec: Preprocessing) -> np.ndarray:
    """The tensor value of each of the 256 levels, float32 [C, 256], not to be written to."""
    table = _normalised(np.tile(np.arange(256, dtype=np.float32), (spec.channels, 1)), spec)
    if spec.channel_order.endswith("0"):
        table[-1] = 0
    table.flags.writeable = False
    return table


def _normalised(levels: np.ndarray, spec: Preprocessing) -> np.ndarray:
    """Levels, float32 [C, ...], normalised in the order of operations that the specification names: float32."""
    shape = (spec.channels,) + (1,) * (levels.ndim - 1)
    if spec.normalisation == FUSED:
        _, divisor, mean, std = spec.constants
        factor, offset = (values.astype(np.float32).reshape(shape) for values in (1.0 / divisor / std, -mean / std))
        return levels * factor + offset
    minimum, factor, mean, std = (
        values.astype(np.float32).reshape(shape)
        for values in (spec.constants[0], 1.0 / spec.constants[1], *spec.constants[2:])
    )
    return ((levels - minimum) * factor - mean) / std
