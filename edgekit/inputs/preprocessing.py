"""From an image to a model's input tensor, as PaddleClas's evaluation does it.

The steps and their order are those of PaddleClas's `ResizeImage`, `CropImage`, `NormalizeImage` and
`ToCHWImage` (`ppcls/data/preprocess/ops/operators.py`), with those that PaddleX's and other people's configurations
have besides. `Preprocessing` is plain data: a recipe names it, a manifest repeats it, and an app on the device
follows it. docs/preprocessing.md has the formulas in one place.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec.structs import force_setattr

from edgekit.inputs.size import Size

if TYPE_CHECKING:
    import numpy as np

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of ImageNet's R, G and B values in 0..1, as in every PaddleClas ImageNet configuration."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of ImageNet's R, G and B values in 0..1, from the same configurations."""

_Pixels = Annotated[int, msgspec.Meta(ge=1, le=8192)]
# Height and width. msgspec 0.22 misreads a tuple of a fixed length that a number may stand for; `Size.of` checks it.
_Sides = tuple[_Pixels, ...]
_Values = float | tuple[float, ...]

ChannelOrder = Literal["RGB", "BGR", "GRAY", "RGBA", "BGRA", "RGB0", "BGR0"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "area", "lanczos", "box", "hamming"]

INTERPOLATIONS: dict[str, tuple[str, ...]] = {
    "opencv": ("nearest", "bilinear", "bicubic", "area", "lanczos"),
    "pillow": ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"),
}
"""What each backend has, under PaddleClas's names. OpenCV's lanczos is `INTER_LANCZOS4`."""

STEP_BY_STEP = "(level / divide_by - mean) / std"
WITH_MINIMUM = "((level - min_value) / divide_by - mean) / std"
FUSED = "level * (1 / divide_by / std) + (-mean / std)"


class Preprocessing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an image becomes an input tensor: turned, cropped (rarely), resized, cropped or padded, normalised.

    Fields with one possible value are there for whoever reads a manifest: they say what else could be guessed wrong.
    Sizes are one number for a square or [height, width]; values by channel are one number for all or a list in
    `channel_order`. Once made, `crop` and `resize_to` are always `Size`, `mean` and `std` always one value a channel,
    and what the kind of resizing does not use is None.

    Raises `ValueError` where the figures cannot work: a crop larger than the resized image, a standard
    deviation or divisor that is not positive, an interpolation that the backend lacks. (`msgspec` reports it as a
    `ValidationError` with the place in the file.)
    """

    orientation: Literal["upright"] = "upright"
    """The photo is turned as its EXIF orientation says before anything else, as `cv2.imread` does."""
    crop_first: Literal["none", "square"] | _Pixels | _Sides = "none"
    """What is cut from the photo's centre before it is resized: nothing, its largest square, or a fixed size."""
    resize: Literal["short", "stretch", "letterbox", "none"] = "short"
    """`short`: the shorter side becomes `resize_short`, the ratio stays. `stretch`: to `resize_to`, whatever the ratio.
    `letterbox`: as large as fits into `crop`, the ratio stays, the rest is padded. `none`: the photo stays as it is."""
    resize_short: _Pixels | None = 256
    """Length of the shorter side after resizing, in pixels; the other side keeps the ratio. Only of `short`."""
    resize_to: _Pixels | _Sides | None = None
    """The size that `stretch` resizes to; the size of `crop` where it is not given."""
    size_rounding: Literal["half_even", "floor"] = "half_even"
    """How a side that keeps the ratio becomes a whole number of pixels: see `edgekit.inputs.geometry`. PaddleClas's
    is `half_even`, that of paddle.vision and torchvision `floor`."""
    resize_backend: Literal["opencv", "pillow"] = "opencv"
    """Whose arithmetic resizes: `opencv` has no antialiasing, `pillow` has. PaddleClas calls them cv2 and pil."""
    interpolation: Interpolation = "bilinear"
    """The kernel, with 8-bit results: see `INTERPOLATIONS`."""
    crop: _Pixels | _Sides = 224
    """The model's input size, in pixels: what is cut out after resizing, or what `letterbox` pads to."""
    crop_origin: Literal["centre_floor", "centre_round", "top_left"] = "centre_floor"
    """The crop's top left corner: `((height - crop) // 2, (width - crop) // 2)`, the same with halves rounded to the
    even neighbour (paddle.vision and torchvision), or (0, 0)."""
    pad_value: _Values | None = None
    """The level, 0..255, beside a letterboxed photo; 0 where it is not given. Only of `letterbox`. Before the
    normalisation: 127.5 with a mean and std of 0.5 leaves zeros."""
    pad_position: Literal["centre", "top_left"] | None = None
    """Where the photo lies in a letterbox: `centre` (an odd pixel goes to the bottom or right), the usual one."""
    channel_order: ChannelOrder = "RGB"
    """The channels of the tensor. `GRAY` is one; A is the alpha channel, opaque where a photo has none; 0 is a fourth
    channel of zeros (PaddleClas's `channel_num: 4`)."""
    layout: Literal["NCHW"] = "NCHW"
    dtype: Literal["float32"] = "float32"
    min_value: _Values = 0.0
    """What is taken from 8-bit values before they are divided: PaddleX's `min_val`."""
    divide_by: _Values = 255.0
    """What 8-bit values are divided by before `mean` and `std`: 1 over PaddleClas's `scale`."""
    mean: _Values = IMAGENET_MEAN
    std: _Values = IMAGENET_STD
    normalisation: Literal[
        "(level / divide_by - mean) / std",
        "((level - min_value) / divide_by - mean) / std",
        "level * (1 / divide_by / std) + (-mean / std)",
    ] = STEP_BY_STEP
    """Each step in float32, `level / divide_by` as a product with the float32 nearest to `1 / divide_by`. The last one
    is PaddleX 3's, whose two constants are computed in double and rounded once."""

    def __post_init__(self) -> None:
        self._settle_sizes()
        self._settle_letterbox()
        self._settle_channels()
        if self.interpolation not in INTERPOLATIONS[self.resize_backend]:
            raise ValueError(
                f"interpolation = {self.interpolation} with resize_backend = {self.resize_backend} is not implemented: "
                f"it is {', '.join(INTERPOLATIONS[self.resize_backend])}"
            )
        if self.resize_backend == "pillow" and self.has_alpha:
            raise ValueError(
                f"channel_order = {self.channel_order} with resize_backend = pillow is not implemented: Pillow weighs "
                "colours by the alpha channel; resize_backend = opencv does not"
            )

    def _settle_sizes(self) -> None:
        size = Size.of(self.crop)
        force_setattr(self, "crop", size)
        if not isinstance(self.crop_first, str):
            force_setattr(self, "crop_first", Size.of(self.crop_first))
        if self.resize == "short":
            if self.resize_short is None:
                raise ValueError("resize = short needs resize_short, the shorter side in pixels")
            if self.resize_short < max(size):
                raise ValueError(
                    f"resize_short = {self.resize_short} is smaller than crop = {size}: nothing to crop from"
                )
        else:
            force_setattr(self, "resize_short", None)
        if self.resize == "stretch":
            stretched = size if self.resize_to is None else Size.of(self.resize_to)
            if stretched.height < size.height or stretched.width < size.width:
                raise ValueError(f"resize_to = {stretched} is smaller than crop = {size}: nothing to crop from")
            force_setattr(self, "resize_to", stretched)
        else:
            force_setattr(self, "resize_to", None)

    def _settle_letterbox(self) -> None:
        if self.resize != "letterbox":
            force_setattr(self, "pad_value", None)
            force_setattr(self, "pad_position", None)
            return
        levels = self._by_channel("pad_value", 0 if self.pad_value is None else self.pad_value)
        if not all(0 <= level <= 255 for level in levels):
            raise ValueError(f"pad_value = {list(levels)} has a level that is not in 0..255")
        force_setattr(self, "pad_value", tuple(float(level) for level in levels))
        force_setattr(self, "pad_position", self.pad_position or "centre")

    def _settle_channels(self) -> None:
        for name in ("mean", "std", "min_value", "divide_by"):
            values = self._by_channel(name, getattr(self, name))
            # One number stays one where manifests always had one.
            alike = name in ("min_value", "divide_by") and len(set(values)) == 1
            force_setattr(self, name, values[0] if alike else values)
        for name in ("divide_by", "std"):
            if not all(value > 0 for value in self._by_channel(name, getattr(self, name))):
                raise ValueError(f"{name} = {getattr(self, name)} has a value that is not positive")
        if self.has_minimum and self.normalisation == STEP_BY_STEP:
            force_setattr(self, "normalisation", WITH_MINIMUM)
        if not self.has_minimum and self.normalisation == WITH_MINIMUM:
            force_setattr(self, "normalisation", STEP_BY_STEP)
        if self.has_minimum and self.normalisation == FUSED:
            raise ValueError(f"min_value = {self.min_value} is not part of normalisation = {FUSED}")

    def _by_channel(self, name: str, given: Any) -> tuple[Any, ...]:
        """One value for each channel. Raises ValueError where there are more or fewer."""
        zeros = self.channel_order.endswith("0")
        values = tuple(given) if isinstance(given, tuple | list) else (given,) * (self.channels - zeros)
        if zeros and len(values) == self.channels - 1:
            # What leaves a zero as it is: (0 - 0) / 1.
            values = (*values, {"std": 1.0, "divide_by": values[-1]}.get(name, 0.0))
        if len(values) != self.channels:
            raise ValueError(
                f"{name} = {list(values)} is not one value for each of the {self.channels} channels of channel_order = "
                f"{self.channel_order}"
            )
        if zeros and name in ("mean", "min_value") and values[-1] != 0:
            raise ValueError(f"{name} = {list(values)} would change the channel of zeros: the last value is 0")
        return values

    @property
    def input_size(self) -> Size:
        """The model's input: `crop`, as height and width."""
        return Size.of(self.crop)

    @property
    def channels(self) -> int:
        """How many channels the tensor has."""
        return {"GRAY": 1}.get(self.channel_order, len(self.channel_order))

    @property
    def has_alpha(self) -> bool:
        """Whether a photo's alpha channel goes into the model."""
        return self.channel_order.endswith("A")

    @property
    def constants(self) -> tuple["np.ndarray", "np.ndarray", "np.ndarray", "np.ndarray"]:
        """`min_value`, `divide_by`, `mean` and `std` by channel: four float64 arrays [C]."""
        import numpy as np

        minimum, divisor, mean, std = (
            np.array(self._by_channel(name, getattr(self, name)), dtype=np.float64)
            for name in ("min_value", "divide_by", "mean", "std")
        )
        return minimum, divisor, mean, std

    @property
    def pad_levels(self) -> "np.ndarray":
        """`pad_value` by channel: float32 [C]."""
        import numpy as np

        return np.array(self._by_channel("pad_value", self.pad_value or 0), dtype=np.float32)

    @property
    def pads_with_levels(self) -> bool:
        """Whether `pad_value` is a level of 8 bits, not one between two (PaddleX pads with 127.5)."""
        return bool((self.pad_levels % 1 == 0).all())

    @property
    def has_minimum(self) -> bool:
        """Whether `min_value` changes anything."""
        return any(value != 0 for value in self._by_channel("min_value", self.min_value))

    def scaled_to(self, size: "int | Size") -> "Preprocessing":
        """The same preprocessing for an input of `size`.

        `resize_short` and `resize_to` keep their ratio to `crop`, rounded to whole pixels (256/224 becomes 73/64); of
        what is not square, `resize_short` goes with the longer side.
        """
        new, old = Size.of(size), self.input_size
        changes: dict[str, Any] = {"crop": new}
        if self.resize_short is not None:
            changes["resize_short"] = max(round(max(new) * self.resize_short / max(old)), max(new))
        if self.resize_to is not None:
            sides = zip(new, Size.of(self.resize_to), old, strict=True)
            changes["resize_to"] = Size(*(round(side * resized / crop) for side, resized, crop in sides))
        return msgspec.structs.replace(self, **changes)

    def key_values(self) -> str:
        """Every field as a line `key = value`, lists separated by commas: what the C++ implementation reads."""
        fields = msgspec.to_builtins(self)
        values = {name: value if isinstance(value, list | tuple) else [value] for name, value in fields.items()}
        return "".join(f"{name} = {', '.join(map(str, value))}\n" for name, value in values.items() if value != [None])
