"""Sizes and corners, worked out by hand."""

import pytest

from edgekit.errors import UsageError
from edgekit.inputs import Preprocessing
from edgekit.inputs.geometry import Window, placement
from edgekit.inputs.size import Size


def test_stretching_ignores_the_ratio() -> None:
    way = placement(Size(300, 500), Preprocessing(resize="stretch", crop=(80, 160)))
    assert (way.resized, way.kept, way.place) == ((80, 160), (0, 0, 80, 160), (0, 0, 80, 160))


def test_a_crop_after_stretching_is_the_middle() -> None:
    way = placement(Size(300, 500), Preprocessing(resize="stretch", resize_to=(101, 200), crop=(80, 160)))
    assert (way.resized, way.kept) == ((101, 200), (10, 20, 80, 160))


@pytest.mark.parametrize(
    ("origin", "corner"), [("centre_floor", (7, 1)), ("centre_round", (8, 2)), ("top_left", (0, 0))]
)
def test_corners(origin, corner) -> None:
    # 15 and 3 px are left over: halves of 7.5 and 1.5, which round to 8 and 2.
    spec = Preprocessing(resize="stretch", resize_to=(79, 67), crop=64, crop_origin=origin)
    assert placement(Size(300, 500), spec).kept[:2] == corner


@pytest.mark.parametrize(
    ("photo", "position", "resized", "place"),
    [
        ((300, 500), "centre", (96, 160), (0, 0, 96, 160)),
        ((300, 600), "centre", (80, 160), (8, 0, 80, 160)),
        ((300, 601), "centre", (80, 160), (8, 0, 80, 160)),  # 79.9 rounds up
        ((333, 300), "centre", (96, 86), (0, 37, 96, 86)),  # 86.49
        ((300, 600), "top_left", (80, 160), (0, 0, 80, 160)),
        ((2, 3000), "centre", (1, 160), (47, 0, 1, 160)),  # never less than a pixel
    ],
)
def test_a_letterbox_holds_the_whole_photo(photo, position, resized, place) -> None:
    spec = Preprocessing(resize="letterbox", crop=(96, 160), pad_position=position)
    way = placement(Size(*photo), spec)
    assert (way.resized, way.place) == (resized, place)
    assert way.kept == Window(0, 0, *resized)


def test_floor_keeps_the_side_that_fits_whole() -> None:
    """As a float, 224 / 229 * 229 may be 223.999...: the side that decides is exact."""
    spec = Preprocessing(resize="letterbox", crop=224, size_rounding="floor")
    assert all(placement(Size(side, 300), spec).resized.width == 224 for side in range(1, 300))
    assert placement(Size(229, 300), spec).resized == (170, 224)  # 170.99


def test_floor_of_a_short_side_is_torchvision_s() -> None:
    spec = Preprocessing(size_rounding="floor")
    assert placement(Size(427, 640), spec).resized == (256, 383)  # 383.7
    assert placement(Size(640, 427), spec).resized == (383, 256)


def test_what_is_cropped_first() -> None:
    square = placement(Size(300, 501), Preprocessing(crop_first="square"))
    assert (square.cut, square.resized) == ((0, 100, 300, 300), (256, 256))
    fixed = placement(Size(300, 501), Preprocessing(crop_first=(200, 250), resize="stretch", crop=64))
    assert (fixed.cut, fixed.resized) == ((50, 125, 200, 250), (64, 64))


def test_without_resizing_the_middle_is_taken() -> None:
    spec = Preprocessing(resize="none", crop=(80, 160))
    assert placement(Size(100, 161), spec).kept == (10, 0, 80, 160)
    with pytest.raises(UsageError, match="a photo of 161 x 79 px is smaller than the 160 x 80 px"):
        placement(Size(79, 161), spec)
    with pytest.raises(UsageError, match="a photo of 161 x 79 px is smaller than the 90 x 80 px"):
        placement(Size(79, 161), Preprocessing(crop_first=(80, 90)))
