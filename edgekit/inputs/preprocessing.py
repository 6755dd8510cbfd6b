"""From an image to a model's input tensor, as PaddleClas's evaluation does it.

The steps and their order are those of PaddleClas's `ResizeImage`, `CropImage`, `NormalizeImage` and
`ToCHWImage` (`ppcls/data/preprocess/ops/operators.py`), whose default resize is OpenCV's `INTER_LINEAR`.
`Preprocessing` is plain data: a recipe names it, a manifest repeats it, and an app on the device follows it.
"""

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

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

    Raises `ValueError` where the figures cannot work: a crop larger than the resized image, a standard
    deviation or divisor that is not positive. (`msgspec` reports it as a `ValidationError` with the place in
    the file.)
    """

    resize_short: _Pixels = 256
    """Length of the shorter side after resizing, in pixels."""
    crop: _Pixels = 224
    """Side of the square cut from the centre: the model's input size, in pixels."""
    interpolation: Literal["bilinear"] = "bilinear"
    """Half-pixel centres, no antialiasing, 8 bits: OpenCV's `INTER_LINEAR`."""
    channel_order: Literal["RGB"] = "RGB"
    layout: Literal["NCHW"] = "NCHW"
    divide_by: float = 255.0
    """What 8-bit values are divided by before `mean` and `std`."""
    mean: _Triple = IMAGENET_MEAN
    std: _Triple = IMAGENET_STD

    def __post_init__(self) -> None:
        if self.resize_short < self.crop:
            raise ValueError(
                f"resize_short = {self.resize_short} is smaller than crop = {self.crop}: nothing to crop from"
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

    A value of the resized image is the bilinear mean of the four pixels around `(i + 0.5) * source / target -
    0.5` (edges repeated) as 8 bits; then `value / divide_by`, minus `mean`, over `std`, in float32. The 8-bit
    mean is taken in the fixed-point arithmetic of OpenCV's `INTER_LINEAR` (`modules/imgproc/src/resize.cpp`:
    weights of 11 bits, four bits dropped between the passes), since a correctly rounded mean differs from it
    by one level in every eighth value. The result equals `cv2.resize` bit for bit on the photos of
    docs/parity.md, and being integer arithmetic it is the same on every machine.

    Raises `ValueError` for another dtype or shape.
    """
    import numpy as np

    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"expected a uint8 RGB image [height, width, 3], got {image.dtype} {list(image.shape)}")
    height, width = image.shape[:2]
    new_height, new_width = resized_shape(height, width, spec.resize_short)
    # Only the rows and columns that the crop keeps are ever computed: large photos cost no more than small
    # ones.
    rows = _Taps.of(height, new_height, spec.crop)
    columns = _Taps.of(width, new_width, spec.crop)
    across = (columns.weight_before[None, :, None], columns.weight_after[None, :, None])

    def blend_across(row: "np.ndarray") -> "np.ndarray":
        before = image[row[:, None], columns.before[None, :]].astype(np.int32)
        after = image[row[:, None], columns.after[None, :]].astype(np.int32)
        return (before * across[0] + after * across[1]) >> 4

    upper = (blend_across(rows.before) * rows.weight_before[:, None, None]) >> 16
    lower = (blend_across(rows.after) * rows.weight_after[:, None, None]) >> 16
    levels = np.clip((upper + lower + 2) >> 2, 0, 255)
    table = _normalised_levels(spec)
    return np.stack([table[channel][levels[:, :, channel]] for channel in range(3)])


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


def _normalised_levels(spec: Preprocessing) -> "np.ndarray":
    """The tensor value of each of the 256 levels, float32 [3, 256], in PaddleClas's order of operations."""
    import numpy as np

    levels = np.arange(256, dtype=np.float32) * np.float32(1.0 / spec.divide_by)
    mean = np.array(spec.mean, dtype=np.float32)[:, None]
    std = np.array(spec.std, dtype=np.float32)[:, None]
    return (levels[None, :] - mean) / std
