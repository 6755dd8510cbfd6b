"""The preprocessing against hand-computed values, and against figures that OpenCV gave."""

import hashlib
import math

import msgspec
import numpy as np
import pytest

from edgekit.inputs import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from edgekit.inputs.preprocessing import preprocess, resized_shape


def identity(size: int, resize_short: int | None = None) -> Preprocessing:
    """A specification that leaves 8-bit levels as they are."""
    return Preprocessing(
        resize_short=resize_short or size, crop=size, divide_by=1.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)
    )


def grey(values: list[list[int]]) -> np.ndarray:
    return np.repeat(np.array(values, dtype=np.uint8)[:, :, None], 3, axis=2)


def test_doubling_has_half_pixel_centres_and_repeated_edges() -> None:
    # Positions -0.25, 0.25, 0.75, 1.25 between 0 and 100: 0, 25, 75, 100 along each axis.
    result = preprocess(grey([[0, 100], [0, 100]]), identity(4))
    np.testing.assert_array_equal(result[0], np.tile(np.array([0, 25, 75, 100]), (4, 1)))
    turned = preprocess(grey([[0, 0], [100, 100]]), identity(4))
    np.testing.assert_array_equal(turned[0], result[0].T)


def test_halving_averages_two_by_two_and_rounds_up_from_a_half() -> None:
    result = preprocess(grey([[0, 1, 10, 10], [1, 0, 10, 11], [0, 0, 255, 255], [0, 1, 255, 255]]), identity(2))
    # Means 0.5, 10.25, 0.25, 255.
    np.testing.assert_array_equal(result[0], np.array([[1, 10], [0, 255]]))


def test_reducing_does_not_antialias() -> None:
    # A fourth of the size reads positions 1.5, 5.5, ...: the line at 3 lies between and leaves no trace.
    image = np.zeros((16, 16, 3), np.uint8)
    image[:, 3] = 255
    assert preprocess(image, identity(4)).max() == 0


def test_opencv_figures() -> None:
    # From cv2.resize(image, (23, 19), interpolation=cv2.INTER_LINEAR) of opencv-python-headless 5.0.0 and
    # 4.6.0.66: sha256 over the crop's levels, [19, 19, 3] row by row.
    levels = np.random.PCG64(7).random_raw(37 * 45 * 3)
    image = (levels >> np.uint64(56)).astype(np.uint8).reshape(37, 45, 3)
    result = preprocess(image, identity(19)).astype(np.uint8)
    digest = hashlib.sha256(result.transpose(1, 2, 0).tobytes()).hexdigest()
    assert digest == "b71d2c75eb3887b5a5a0f9b299112d6c1068fdd3edf19bab26be33b3396d5911"


def test_normalisation_of_black_white_and_grey() -> None:
    spec = Preprocessing(resize_short=2, crop=2)
    for level in (0, 128, 255):
        result = preprocess(np.full((2, 2, 3), level, np.uint8), spec)
        for channel in range(3):
            expected = (level / 255 - IMAGENET_MEAN[channel]) / IMAGENET_STD[channel]
            assert result[channel] == pytest.approx(np.full((2, 2), expected), abs=1e-6)
    assert result.dtype == np.float32


def test_channels_stay_in_rgb_order() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    image[:, :, 0] = 200
    assert preprocess(image, identity(4))[:, 0, 0].tolist() == [200.0, 0.0, 0.0]


def test_value_range_is_that_of_black_and_white() -> None:
    low, high = Preprocessing().value_range
    assert low == pytest.approx([-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], abs=1e-6)
    assert high == pytest.approx([0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225], abs=1e-6)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (427, 640, (256, 384)),  # 383.7 rounds up
        (640, 427, (384, 256)),
        (100, 100, (256, 256)),
        (256, 513, (256, 513)),
        (512, 513, (256, 256)),  # 256.5: an exact half goes to the even neighbour
        (512, 515, (256, 258)),  # 257.5, too
    ],
)
def test_sizes_round_as_paddleclas_rounds(height: int, width: int, expected: tuple[int, int]) -> None:
    assert resized_shape(height, width, 256) == expected


@pytest.mark.parametrize("shape", [(300, 451), (451, 300), (224, 224), (1, 1), (1, 40), (257, 3000)])
def test_every_shape_gives_the_crop(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 77, np.uint8)
    result = preprocess(image, identity(224, 256))
    assert result.shape == (3, 224, 224)
    assert np.all(result == 77)


@pytest.mark.parametrize("seed", range(8))
def test_the_crop_is_the_middle_of_the_whole(seed: int) -> None:
    """Cutting before interpolating changes nothing: the crop of the crop is the smaller crop."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (int(rng.integers(20, 90)), int(rng.integers(20, 90)), 3)).astype(np.uint8)
    large = preprocess(image, identity(48, 48))
    small = preprocess(image, identity(20, 48))
    # Floor division twice: offsets (n - 48) // 2 + 14 and (n - 20) // 2 agree for every n.
    np.testing.assert_array_equal(large[:, 14:34, 14:34], small)


@pytest.mark.parametrize("seed", range(8))
def test_within_one_level_of_the_real_mean(seed: int) -> None:
    """Fixed-point weights cost less than one level against bilinear interpolation in float64."""
    rng = np.random.default_rng(seed)
    side, target = int(rng.integers(5, 60)), int(rng.integers(5, 60))
    image = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
    positions = np.clip((np.arange(target) + 0.5) * side / target - 0.5, 0, side - 1)
    before = np.minimum(positions.astype(int), max(side - 2, 0))
    weights = np.zeros((target, side))
    weights[np.arange(target), before] = 1 - (positions - before)
    weights[np.arange(target), before + 1] += positions - before
    exact = np.einsum("ih,hwc,jw->cij", weights, image.astype(np.float64), weights)
    assert np.abs(preprocess(image, identity(target)) - exact).max() < 1.0


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a uint8 RGB image"):
        preprocess(bad, Preprocessing())


def test_scaled_to_keeps_the_ratio() -> None:
    assert (Preprocessing().scaled_to(64).resize_short, Preprocessing().scaled_to(64).crop) == (73, 64)
    demo = Preprocessing(resize_short=64, crop=64)
    assert demo.scaled_to(96) == Preprocessing(resize_short=96, crop=96)
    assert Preprocessing().scaled_to(224) == Preprocessing()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"resize_short": 200, "crop": 224}, "smaller than crop"),
        ({"divide_by": 0.0}, "not positive"),
        ({"divide_by": math.nan}, "not positive"),
        ({"std": [0.2, 0.0, 0.2]}, "not positive"),
        ({"interpolation": "bicubic"}, "interpolation"),
        ({"mean": [0.5, 0.5]}, "mean"),
        ({"resize_shrot": 256}, "unknown field"),
        ({"crop": 0}, ">= 1"),
    ],
)
def test_impossible_figures_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(fields, Preprocessing)


def test_json_round_trip() -> None:
    spec = Preprocessing(resize_short=64, crop=64)
    assert msgspec.json.decode(msgspec.json.encode(spec), type=Preprocessing) == spec
