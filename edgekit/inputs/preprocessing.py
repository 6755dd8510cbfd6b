"""From an image to a model's input tensor, as PaddleClas's evaluation does it.

The steps and their order are those of PaddleClas's `ResizeImage`, `CropImage`, `NormalizeImage` and
`ToCHWImage` (`ppcls/data/preprocess/ops/operators.py`). `Preprocessing` is plain data: a recipe names it, a
manifest repeats it, and an app on the device follows it. docs/preprocessing.md has the formulas in one place.
"""

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

if TYPE_CHECKING:
    import numpy as np

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of ImageNet's R, G and B values in 0..1, as in every PaddleClas ImageNet configuration."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of ImageNet's R, G and B values in 0..1, from the same configurations."""

_Pixels = Annotated[int, msgspec.Meta(ge=1, le=8192)]
_Triple = tuple[float, float, float]


class Preprocessing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an RGB image becomes an input tensor.

    Fields with one possible value are there for whoever reads a manifest: they say what else could be guessed wrong.

    Raises `ValueError` where the figures cannot work: a crop larger than the resized image, a standard
    deviation or divisor that is not positive, an interpolation that the backend lacks. (`msgspec` reports it as a
    `ValidationError` with the place in the file.)
    """

    orientation: Literal["upright"] = "upright"
    """The photo is turned as its EXIF orientation says before anything else, as `cv2.imread` does."""
    resize_short: _Pixels = 256
    """Length of the shorter side after resizing, in pixels; the other side keeps the ratio."""
    size_rounding: Literal["half_even"] = "half_even"
    """How that other side becomes a whole number of pixels: see `resized_shape`."""
    resize_backend: Literal["opencv", "pillow"] = "opencv"
    """Whose arithmetic resizes: `opencv` has no antialiasing, `pillow` has. PaddleClas calls them cv2 and pil."""
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    """The kernel, with half-pixel centres and 8-bit results: OpenCV's `INTER_LINEAR`, Pillow's BILINEAR or BICUBIC."""
    crop: _Pixels = 224
    """Side of the square cut from the centre: the model's input size, in pixels."""
    crop_origin: Literal["centre_floor"] = "centre_floor"
    """The square's top left corner: `((height - crop) // 2, (width - crop) // 2)`."""
    channel_order: Literal["RGB"] = "RGB"
    layout: Literal["NCHW"] = "NCHW"
    dtype: Literal["float32"] = "float32"
    divide_by: float = 255.0
    """What 8-bit values are divided by before `mean` and `std`."""
    mean: _Triple = IMAGENET_MEAN
    std: _Triple = IMAGENET_STD
    normalisation: Literal["(level / divide_by - mean) / std"] = "(level / divide_by - mean) / std"
    """Each step in float32, `level / divide_by` as a product with the float32 nearest to `1 / divide_by`."""

    def __post_init__(self) -> None:
        if self.resize_short < self.crop:
            raise ValueError(
                f"resize_short = {self.resize_short} is smaller than crop = {self.crop}: nothing to crop from"
            )
        if self.resize_backend == "opencv" and self.interpolation != "bilinear":
            raise ValueError(
                f"interpolation = {self.interpolation} with resize_backend = opencv is not implemented: "
                "it is bilinear, or resize_backend = pillow"
            )
        if not self.divide_by > 0:
            raise ValueError(f"divide_by = {self.divide_by} is not positive")
        if not all(value > 0 for value in self.std):
            raise ValueError(f"std = {list(self.std)} has a value that is not positive")

    def scaled_to(self, size: int) -> "Preprocessing":
        """The same preprocessing for a square input of `size` pixels.

        `resize_short` keeps its ratio to `crop`, rounded to a whole pixel (256/224 becomes 73/64).
        """
        return msgspec.structs.replace(self, resize_short=round(size * self.resize_short / self.crop), crop=size)

    def key_values(self) -> str:
        """Every field as a line `key = value`, lists separated by commas: what the C++ implementation reads."""
        fields = msgspec.to_builtins(self)
        values = {name: value if isinstance(value, list | tuple) else [value] for name, value in fields.items()}
        return "".join(f"{name} = {', '.join(map(str, value))}\n" for name, value in values.items())

    @property
    def value_range(self) -> tuple["np.ndarray", "np.ndarray"]:
        """Lowest and highest value of each channel that an 8-bit image can have: two float32 arrays [3]."""
        table = _normalised_levels(self)
        return table[:, 0], table[:, 255]


def resized_shape(height: int, width: int, resize_short: int) -> tuple[int, int]:
    """Height and width after the shorter side became `resize_short`, rounded as PaddleClas rounds.

    PaddleClas multiplies both sides by the float `resize_short / shorter` and applies Python's `round`, which
    takes an exact half to the even neighbour.
    """
    ratio = float(resize_short) / min(height, width)
    return round(height * ratio), round(width * ratio)


def preprocess(image: "np.ndarray", spec: Preprocessing) -> "np.ndarray":
    """The input tensor of one image: float32 [3, crop, crop] from uint8 RGB [H, W, 3].

    Raises `ValueError` for another dtype or shape.
    """
    return normalised(cropped_levels(image, spec), spec)


def cropped_levels(image: "np.ndarray", spec: Preprocessing) -> "np.ndarray":
    """The first half of `preprocess`, up to the normalisation: uint8 RGB [crop, crop, 3] from uint8 RGB [H, W, 3].

    A model with embedded preprocessing takes this. Raises `ValueError` for another dtype or shape.
    """
    import numpy as np

    from edgekit.inputs.resize import opencv_bilinear, pillow_antialiased

    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"expected a uint8 RGB image [height, width, 3], got {image.dtype} {list(image.shape)}")
    size = resized_shape(image.shape[0], image.shape[1], spec.resize_short)
    if spec.resize_backend == "pillow":
        return pillow_antialiased(image, size, spec.crop, spec.interpolation)
    return opencv_bilinear(image, size, spec.crop)


def normalised(levels: "np.ndarray", spec: Preprocessing) -> "np.ndarray":
    """The second half of `preprocess`: float32 [..., 3, H, W] from 8-bit levels, uint8 RGB [..., H, W, 3]."""
    import numpy as np

    table = _normalised_levels(spec)
    return np.stack([table[channel][levels[..., channel]] for channel in range(3)], axis=-3)


def quantised(tensor: "np.ndarray", spec: Preprocessing) -> "np.ndarray":
    """The 8-bit levels nearest to an input tensor: uint8 [..., H, W, 3] from float32 [..., 3, H, W]."""
    import numpy as np

    mean, std = (np.array(values, dtype=np.float64)[:, None, None] for values in (spec.mean, spec.std))
    levels = np.rint((tensor.astype(np.float64) * std + mean) * spec.divide_by)
    return np.ascontiguousarray(np.moveaxis(np.clip(levels, 0, 255).astype(np.uint8), -3, -1))


def _normalised_levels(spec: Preprocessing) -> "np.ndarray":
    """The tensor value of each of the 256 levels, float32 [3, 256], in PaddleClas's order of operations."""
    import numpy as np

    levels = np.arange(256, dtype=np.float32) * np.float32(1.0 / spec.divide_by)
    mean = np.array(spec.mean, dtype=np.float32)[:, None]
    std = np.array(spec.std, dtype=np.float32)[:, None]
    return (levels[None, :] - mean) / std
