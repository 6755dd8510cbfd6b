"""Which pixels of a photo become which of a model's input: sizes and corners, in whole pixels."""

from typing import NamedTuple

from edgekit.inputs.preprocessing import Preprocessing
from edgekit.inputs.size import Size


class Window(NamedTuple):
    """A rectangle of a picture: its top left corner and its size, in pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def rows(self) -> slice:
        """Its rows, to take them out of an array."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """Its columns."""
        return slice(self.left, self.left + self.width)


class Placement(NamedTuple):
    """The way of a photo into the input: `cut` out of the photo, `resized`, of that `kept`, and laid to `place`."""

    cut: Window
    resized: Size
    kept: Window
    place: Window


def placement(photo: Size, spec: Preprocessing) -> Placement:
    """The way of a photo of that size. Raises ValueError where it is smaller than what is to be cut out."""
    size = spec.input_size
    cut = first_cut(photo, spec)
    source = Size(cut.height, cut.width)
    resized = resized_size(source, spec)
    if spec.resize == "letterbox":
        height, width = resized
        middle = spec.pad_position == "centre"
        top, left = ((size.height - height) // 2, (size.width - width) // 2) if middle else (0, 0)
        return Placement(cut, resized, Window(0, 0, height, width), Window(top, left, height, width))
    if resized.height < size.height or resized.width < size.width:
        raise too_small(source, size)
    top, left = (corner(*sides, spec) for sides in zip(resized, size, strict=True))
    return Placement(cut, resized, Window(top, left, *size), Window(0, 0, *size))


def first_cut(photo: Size, spec: Preprocessing) -> Window:
    """What `crop_first` leaves of a photo, from its centre. Raises ValueError where the photo is smaller."""
    if spec.crop_first == "none":
        return Window(0, 0, *photo)
    size = Size.of(min(photo) if spec.crop_first == "square" else spec.crop_first)
    if photo.height < size.height or photo.width < size.width:
        raise too_small(photo, size)
    return Window((photo.height - size.height) // 2, (photo.width - size.width) // 2, *size)


def resized_size(photo: Size, spec: Preprocessing) -> Size:
    """Height and width after resizing.

    Of `short`, `half_even` is PaddleClas's: both sides times the float `resize_short / shorter`, and Python's `round`,
    which takes an exact half to the even neighbour. `floor` is paddle.vision's and torchvision's: the shorter side is
    `resize_short`, the other `int(resize_short * longer / shorter)`. A letterbox has the smaller of both ratios, and
    no side becomes less than one pixel.
    """
    if spec.resize == "stretch":
        assert spec.resize_to is not None  # settled when the specification was made
        return Size.of(spec.resize_to)
    if spec.resize == "none":
        return photo
    if spec.resize == "short":
        assert spec.resize_short is not None
        return resized_by_short(photo, spec.resize_short, spec.size_rounding)
    size = spec.input_size
    if spec.size_rounding == "floor":
        by_height = size.height * photo.width <= size.width * photo.height
        side, target = (photo.height, size.height) if by_height else (photo.width, size.width)
        return Size(*(max(1, each * target // side) for each in photo))
    ratio = min(size.height / photo.height, size.width / photo.width)
    return Size(*(max(1, round(side * ratio)) for side in photo))


def resized_by_short(photo: Size, resize_short: int, size_rounding: str = "half_even") -> Size:
    """Height and width after the shorter side became `resize_short`: see `resized_size`."""
    shorter = min(photo)
    if size_rounding == "floor":
        return Size(*(resize_short if side == shorter else int(resize_short * side / shorter) for side in photo))
    ratio = float(resize_short) / shorter
    return Size(*(round(side * ratio) for side in photo))


def corner(resized: int, kept: int, spec: Preprocessing) -> int:
    """Where the crop begins along one side."""
    if spec.crop_origin == "top_left":
        return 0
    return round((resized - kept) / 2) if spec.crop_origin == "centre_round" else (resized - kept) // 2


def too_small(photo: Size, size: Size) -> ValueError:
    """What is wrong with a photo that the crop does not fit into."""
    return ValueError(f"a photo of {photo.height} x {photo.width} px is smaller than the {size} px cut out of it")
