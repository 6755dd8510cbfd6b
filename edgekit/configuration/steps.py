"""The steps of a preprocessing, whoever writes them: what each toolkit's step of a name does, as one of a few.

Every reader gets a step's options and says what is done with a picture; an option that it does not know is an error.
Sources: PaddleClas's `ppcls/data/preprocess/ops/operators.py` and `deploy/python/preprocess.py`, paddle.vision's
`transforms`, PaddleX 2's `paddlex/cv/transforms/operators.py`, PaddleDetection's `deploy/python/preprocess.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from edgekit.configuration.options import NotFollowed, Options, number, numbers, pair, shown, whole
from edgekit.inputs.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from edgekit.inputs.size import Size

Backend = Literal["opencv", "pillow", "decoder"]
"""Whose arithmetic resizes; "decoder": Pillow's where the picture was decoded as Pillow's, else OpenCV's."""


@dataclass(frozen=True)
class Decode:
    """Reading the picture: as RGB or BGR, and whether it stays Pillow's."""

    bgr: bool = False
    pillow: bool = False


@dataclass(frozen=True)
class Resize:
    """To a shorter side (`short`), to a size whatever the ratio (`stretch`), or to what fits into one (`fit`)."""

    kind: Literal["short", "stretch", "fit"]
    size: Size
    backend: Backend
    interpolation: str
    rounding: Literal["half_even", "floor"] = "half_even"


@dataclass(frozen=True)
class Crop:
    """The middle of the picture."""

    size: Size
    origin: Literal["centre_floor", "centre_round"] = "centre_floor"


@dataclass(frozen=True)
class Pad:
    """To a size, the picture in its middle or top left corner."""

    size: Size
    position: Literal["centre", "top_left"]
    levels: tuple[float, ...]


@dataclass(frozen=True)
class Normalise:
    """`((level - minimum) / divide_by - mean) / std`, by channel; `zeros` adds a fourth channel of zeros."""

    divide_by: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    minimum: tuple[float, ...] = (0.0,)
    zeros: bool = False


@dataclass(frozen=True)
class Nothing:
    """What edgekit does anyway, such as putting the channels first."""


@dataclass(frozen=True)
class To255th:
    """paddle.vision's ToTensor: 8-bit values are divided by 255, and the channels put first."""


Step = Decode | Resize | Crop | Pad | Normalise | Nothing | To255th
Reader = Callable[[Options], Step]

BACKENDS: dict[str, Backend] = {"cv2": "opencv", "pil": "pillow"}
# The numbers that OpenCV and Pillow have for them, in files that name no words.
NUMBERED = {
    "opencv": ("nearest", "bilinear", "bicubic", "area", "lanczos"),
    "pillow": ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"),
}
NAMES = {"linear": "bilinear", "cubic": "bicubic", "lanczos4": "lanczos"}


def interpolation_of(value: Any, backend: Backend) -> str:
    """An interpolation's name, from a word of either library or from its number."""
    if value is None:
        return "bilinear"
    known = NUMBERED["pillow" if backend == "pillow" else "opencv"]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(known):
        return known[value]
    name = NAMES.get(str(value).lower(), str(value).lower()) if isinstance(value, str) else ""
    if name not in {*NUMBERED["opencv"], *NUMBERED["pillow"]}:
        raise NotFollowed(f"its interpolation {shown(value)} is none that edgekit knows")
    return name


def squared(sides: tuple[int, int]) -> Size:
    """A size from (height, width)."""
    return Size(*sides)


def across_first(sides: tuple[int, int]) -> Size:
    """A size from (width, height), which is PaddleClas's order."""
    width, height = sides
    return Size(height, width)


# PaddleClas


def paddleclas_decode(options: Options) -> Step:
    """DecodeImage. `to_rgb` and `channel_first` count only where the picture becomes an array (`to_np`).

    PaddleOCR's says `img_mode` instead.
    """
    backend = str(options.take("backend", "cv2")).lower()
    as_array, to_rgb = options.take("to_np", True), options.take("to_rgb", True)
    mode = options.take("img_mode")
    if mode not in (None, "RGB", "BGR"):
        raise NotFollowed(f"its img_mode is {shown(mode)}")
    if as_array:
        options.take_only("channel_first", False, None)
        return Decode(bgr=mode == "BGR" if mode else not to_rgb)
    options.take("channel_first")
    # PaddleClas's OpenCV pictures are BGR until `to_rgb` turns them round; Pillow's are RGB.
    return Decode(bgr=backend != "pil", pillow=backend == "pil")


def paddleclas_resize(options: Options) -> Step:
    """ResizeImage: `resize_short`, else `size` as one side or (width, height)."""
    backend = BACKENDS.get(str(options.take("backend") or "cv2").lower())
    if backend is None:
        raise NotFollowed("its backend is neither cv2 nor pil")
    interpolation = interpolation_of(options.take_any("interpolation", "interp"), backend)
    options.take("return_numpy")
    short, size = options.take("resize_short"), options.take("size")
    if short is not None and number(short) > 0:
        return Resize("short", Size.of(whole(short)), backend, interpolation)
    if size is None:
        raise NotFollowed("it names neither size nor resize_short")
    return Resize("stretch", across_first(pair(size)), backend, interpolation)


def paddleclas_crop(options: Options) -> Step:
    """CropImage: one side, or (width, height)."""
    return Crop(across_first(pair(options.take("size"))))


def paddleclas_normalise(options: Options) -> Step:
    """NormalizeImage: `scale` is a number or a text such as "1.0/255.0"."""
    channels = options.take("channel_num", 3)
    if channels not in (3, 4):
        raise NotFollowed(f"its channel_num is {shown(channels)}")
    options.take_only("output_fp16", False, None)
    options.take_only("order", "", "hwc", "chw", None)
    scale = options.take("scale")
    factor = 1 / 255 if scale is None else number(scale)
    return Normalise((divisor(factor),), *mean_and_std(options), zeros=channels == 4)


def mean_and_std(options: Options) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """`mean` and `std`, ImageNet's where a step does not say them, as every toolkit has it."""
    mean, std = options.take("mean"), options.take("std")
    return IMAGENET_MEAN if mean is None else numbers(mean), IMAGENET_STD if std is None else numbers(std)


def divisor(factor: float) -> float:
    """What levels are divided by, from what they are multiplied with."""
    if not factor > 0:
        raise NotFollowed(f"its scale {factor:g} is not positive")
    # Files hold 1/255 rounded, as 0.00392157: the step of 8 bits is meant.
    return 255.0 if abs(factor * 255 - 1) < 1e-5 else 1 / factor


def vision_resize(options: Options) -> Step:
    """paddle.vision's Resize: one number is the shorter side, two are (height, width)."""
    size = options.take("size")
    interpolation = interpolation_of(options.take("interpolation", "bilinear"), "decoder")
    options.take_only("keys", None)
    if isinstance(size, list | tuple):
        return Resize("stretch", squared(pair(size)), "decoder", interpolation)
    return Resize("short", Size.of(whole(size)), "decoder", interpolation, "floor")


def vision_crop(options: Options) -> Step:
    """paddle.vision's CenterCrop: one side, or (height, width)."""
    options.take_only("keys", None)
    return Crop(squared(pair(options.take("size"))), "centre_round")


def vision_normalise(options: Options) -> Step:
    """paddle.vision's Normalize, which scales nothing itself."""
    options.take_only("data_format", "CHW", "HWC")
    options.take_only("to_rgb", False)
    options.take_only("keys", None)
    mean, std = numbers(options.take("mean", 0.0)), numbers(options.take("std", 1.0))
    return Normalise((1.0,), mean, std)


def vision_to_tensor(options: Options) -> Step:
    """paddle.vision's ToTensor."""
    options.take_only("data_format", "CHW")
    options.take_only("keys", None)
    return To255th()


def nothing(options: Options) -> Step:
    """A step that edgekit takes anyway."""
    return Nothing()


# PaddleX 2


def paddlex_resize(options: Options) -> Step:
    """Resize to (height, width); with `keep_ratio` to what fits into them."""
    sides = options.take_any("target_size", "height")
    size = squared(pair(sides if (width := options.take("width")) is None else [sides, width]))
    interpolation = interpolation_of(options.take("interp", "LINEAR"), "opencv")
    return Resize("fit" if options.take("keep_ratio", False) else "stretch", size, "opencv", interpolation)


def paddlex_resize_by_short(options: Options) -> Step:
    """ResizeByShort; a bound of the longer side is not followed."""
    short = whole(options.take_any("short_size", "target_size"))
    bound = options.take("max_size", -1)
    if bound is not None and number(bound) > 0:
        raise NotFollowed(f"its max_size ({shown(bound)}) bounds the longer side")
    return Resize("short", Size.of(short), "opencv", interpolation_of(options.take("interp", "LINEAR"), "opencv"))


def paddlex_crop(options: Options) -> Step:
    """CenterCrop: a square."""
    return Crop(Size.of(whole(options.take("crop_size", 224))))


def paddlex_pad(options: Options) -> Step:
    """Padding to a size: below and to the right, or round about."""
    size = options.take("target_size")
    if size is None:
        raise NotFollowed("it pads to a multiple of its size_divisor")
    mode = options.take("pad_mode", 0)
    if mode not in (0, 1):
        raise NotFollowed(f"its pad_mode is {shown(mode)}")
    levels = numbers(options.take("im_padding_value", 127.5))
    for name in ("label_padding_value", "size_divisor", "offsets"):
        options.take(name)
    position: Literal["centre", "top_left"] = "centre" if mode == 1 else "top_left"
    return Pad(squared(pair(size)), position, levels)


def paddlex_normalise(options: Options) -> Step:
    """Normalize, from `min_val` and `max_val` to 0..1 first, whatever `is_scale` says; PaddleX 1 has 0 and 255."""
    options.take("is_scale")
    low = numbers(options.take("min_val", 0.0))
    high = numbers(options.take("max_val", 255.0))
    count = max(len(low), len(high))
    low, high = (values * count if len(values) == 1 else values for values in (low, high))
    if len(low) != len(high) or any(above <= below for above, below in zip(high, low, strict=True)):
        raise NotFollowed("its max_val is not above its min_val")
    ranges = tuple(above - below for above, below in zip(high, low, strict=True))
    return Normalise(ranges, *mean_and_std(options), minimum=low)


# PaddleDetection


def detection_resize(options: Options) -> Step:
    """Resize to (height, width); with `keep_ratio` to what fits into them."""
    size = squared(pair(options.take("target_size")))
    interpolation = interpolation_of(options.take_any("interp", "interpolation"), "opencv")
    return Resize("fit" if options.take("keep_ratio", True) else "stretch", size, "opencv", interpolation)


def detection_crop(options: Options) -> Step:
    """CenterCrop: one side, or (height, width)."""
    return Crop(squared(pair(options.take_any("crop_size", "size"))))


def detection_normalise(options: Options) -> Step:
    """NormalizeImage: `is_scale` for 1/255; `norm_type` "none" leaves mean and deviation out."""
    scaled = options.take("is_scale", True)
    norm = options.take("norm_type", "mean_std")
    if norm not in ("mean_std", "none", None):
        raise NotFollowed(f"its norm_type is {shown(norm)}")
    mean, std = mean_and_std(options)
    if norm != "mean_std":
        mean, std = (0.0,), (1.0,)
    return Normalise((255.0 if scaled else 1.0,), mean, std)


def detection_permute(options: Options) -> Step:
    """Permute: channels first."""
    options.take_only("to_bgr", False, None)
    options.take_only("channel_first", True, None)
    return Nothing()


PADDLECLAS: dict[str, Reader] = {
    "DecodeImage": paddleclas_decode,
    "ResizeImage": paddleclas_resize,
    "CropImage": paddleclas_crop,
    "NormalizeImage": paddleclas_normalise,
    "ToCHWImage": nothing,
    "KeepKeys": nothing,
    "Resize": vision_resize,
    "CenterCrop": vision_crop,
    "Normalize": vision_normalise,
    "ToTensor": vision_to_tensor,
}
PADDLEX2: dict[str, Reader] = {
    "Resize": paddlex_resize,
    "ResizeByShort": paddlex_resize_by_short,
    "CenterCrop": paddlex_crop,
    "Padding": paddlex_pad,
    "Normalize": paddlex_normalise,
}
PADDLEDETECTION: dict[str, Reader] = {
    "Resize": detection_resize,
    "CenterCrop": detection_crop,
    "NormalizeImage": detection_normalise,
    "Permute": detection_permute,
}
