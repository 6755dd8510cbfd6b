"""The preprocessing against hand-computed values, and against figures that OpenCV gave."""

import hashlib
import math
from typing import Literal

import msgspec
import numpy as np
import pytest

from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from edgekit.inputs import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from edgekit.inputs.geometry import resized_by_short
from edgekit.inputs.prepare import cropped_levels, normalised, preprocess, quantised, value_range
from edgekit.inputs.preprocessing import FUSED
from edgekit.inputs.size import Size
from edgekit.recipe.load import recipe_for


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
    low, high = value_range(Preprocessing())
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
    assert resized_by_short(Size(height, width), 256) == expected


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
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a uint8 RGB image"):
        preprocess(bad, Preprocessing())


def test_scaled_to_keeps_the_ratio() -> None:
    assert (Preprocessing().scaled_to(64).resize_short, Preprocessing().scaled_to(64).crop) == (73, (64, 64))
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
        ({"interpolation": "hamming"}, "interpolation"),
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


PILLOW = Preprocessing(resize_backend="pillow", interpolation="bicubic")


@pytest.mark.parametrize(
    ("interpolation", "expected"),
    [
        ("bilinear", "e69be38f07e67e0f4ee0f7ca729d"),
        ("bicubic", "0f1de2d362346bdc1985c6676c2a"),
    ],
)
def test_pillow_figures(interpolation: Literal["bilinear", "bicubic"], expected: str) -> None:
    # From Image.resize((23, 49), ...) of Pillow 10.4.0 and 12.0.0, the middle 23 rows: a tall image is where newer
    # ones (13.0.0) differ.
    levels = np.random.PCG64(7).random_raw(45 * 95 * 3)
    image = (levels >> np.uint64(56)).astype(np.uint8).reshape(95, 45, 3)
    spec = Preprocessing(resize_backend="pillow", interpolation=interpolation, resize_short=23, crop=23)
    result = cropped_levels(image, spec)
    assert hashlib.sha256(result.tobytes()).hexdigest()[:28] == expected


def test_pillow_averages_what_it_reduces() -> None:
    image = np.zeros((16, 16, 3), np.uint8)
    image[:, 3] = 255
    spec = msgspec.structs.replace(PILLOW, resize_short=4, crop=4, interpolation="bilinear")
    # A triangle of 8 px around 2: its weight at 3.5 is 1 - 1.5 / 4, of 3.5 that lie in the image.
    assert cropped_levels(image, spec)[0, 0, 0] == round(255 * (1 - 1.5 / 4) / 3.5)


def test_a_strip_that_would_become_gigabytes_is_refused() -> None:
    with pytest.raises(UsageError, match="1 x 400000 px would become 256 x 102400000 px"):
        preprocess(np.zeros((400_000, 1, 3), np.uint8), PILLOW)


def test_what_nobody_implements_is_refused() -> None:
    with pytest.raises(ValueError, match="resize_backend = opencv is not implemented"):
        Preprocessing(interpolation="box")


def test_a_manifest_from_before_the_backend_was_named_still_loads() -> None:
    written = {
        "resize_short": 256, "crop": 224, "interpolation": "bilinear", "channel_order": "RGB", "layout": "NCHW",
        "divide_by": 255.0, "mean": IMAGENET_MEAN, "std": IMAGENET_STD,
    }  # fmt: skip
    assert msgspec.convert(written, Preprocessing) == Preprocessing()


def test_levels_survive_normalisation_and_back() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    tensor = normalised(levels, PILLOW)
    assert tensor.shape == (2, 3, 5, 7)
    np.testing.assert_array_equal(quantised(tensor, PILLOW), levels)


def test_key_values_name_every_field() -> None:
    lines = PILLOW.key_values().splitlines()
    assert [line.split(" = ")[0] for line in lines] == [
        name for name in PILLOW.__struct_fields__ if getattr(PILLOW, name) is not None
    ]
    assert "mean = 0.485, 0.456, 0.406" in lines
    assert "resize_backend = pillow" in lines


def test_twins_are_evaluated_with_pillow_and_all_others_with_opencv() -> None:
    """As in PaddleClas's configurations of the 47 models."""
    used = {
        model.family: (recipe.resize_backend, recipe.interpolation)
        for model in load_catalog().models
        for recipe in [recipe_for(model.family).preprocessing]
    }
    assert used.pop("Twins") == ("pillow", "bicubic")
    assert set(used.values()) == {("opencv", "bilinear")}
    assert len(used) == 5


def test_height_comes_before_width() -> None:
    spec = Preprocessing(resize="stretch", crop=(2, 4), divide_by=1, mean=0, std=1)
    image = grey([[0, 0, 100, 100], [200, 200, 250, 250]])
    np.testing.assert_array_equal(preprocess(image, spec)[0], image[:, :, 0])
    assert preprocess(image.transpose(1, 0, 2), spec).shape == (3, 2, 4)


def test_mean_and_std_are_in_the_channels_order() -> None:
    image = np.full((4, 4, 3), (10, 20, 30), np.uint8)
    fields = {"resize_short": 4, "crop": 4, "divide_by": 10.0}
    of_rgb = preprocess(image, Preprocessing(**fields, mean=(1, 0, 0), std=(1, 2, 1)))
    of_bgr = preprocess(image, Preprocessing(**fields, mean=(1, 0, 0), std=(1, 2, 1), channel_order="BGR"))
    assert of_rgb[:, 0, 0].tolist() == [0.0, 1.0, 3.0]
    assert of_bgr[:, 0, 0].tolist() == [2.0, 1.0, 1.0]


def test_a_fourth_channel_of_zeros_is_paddleclas_s() -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    spec = Preprocessing(resize_short=8, crop=8, channel_order="RGB0")
    found = preprocess(image, spec)
    np.testing.assert_array_equal(found[:3], preprocess(image, Preprocessing(resize_short=8, crop=8)))
    assert not found[3].any()
    low, high = value_range(spec)
    assert (low[3], high[3]) == (0, 0)
    assert not cropped_levels(image, spec)[:, :, 3].any()


def test_a_photo_without_alpha_is_opaque() -> None:
    spec = Preprocessing(resize_short=8, crop=8, channel_order="RGBA", mean=0, std=1)
    image = np.zeros((8, 8, 4), np.uint8)
    image[:, :, 3] = 51
    assert preprocess(image, spec)[3, 0, 0] == pytest.approx(0.2)
    assert preprocess(image[:, :, :3], spec)[3, 0, 0] == 1.0


def test_paddlex_2_s_minimum_comes_first() -> None:
    """Its `normalize`: `(im - min) * float32(1 / (max - min))`, then mean and std, each in float32."""
    spec = Preprocessing(resize_short=16, crop=16, min_value=(5, 0, 10), divide_by=(245, 255, 200), mean=0.5, std=0.25)
    assert spec.normalisation == "((level - min_value) / divide_by - mean) / std"
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = np.repeat(levels[:, :, None], 3, axis=2)
    values = levels.astype(np.float32)
    for channel, (low, width) in enumerate([(5, 245), (0, 255), (10, 200)]):
        expected = (values - np.float32(low)) * np.float32(1.0 / width)
        expected = (expected - np.float32(0.5)) / np.float32(0.25)
        np.testing.assert_array_equal(preprocess(image, spec)[channel], expected)
    np.testing.assert_array_equal(quantised(preprocess(image, spec), spec), image)


def test_paddlex_3_s_fused_form_is_another_one_in_the_last_bit() -> None:
    """Its `Normalize`: `im * (scale / std) + (-mean / std)`, both constants computed in double."""
    image = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16)[:, :, None], 3, axis=2)
    fused = Preprocessing(resize_short=16, crop=16, normalisation=FUSED)
    found = preprocess(image, fused)
    for channel in range(3):
        alpha = (1 / 255.0) / IMAGENET_STD[channel]
        expected = image[:, :, channel].astype(np.float32)
        expected *= alpha
        expected += -IMAGENET_MEAN[channel] / IMAGENET_STD[channel]
        np.testing.assert_array_equal(found[channel], expected)
    stepped = preprocess(image, Preprocessing(resize_short=16, crop=16))
    assert 0 < np.abs(found - stepped).max() < 1e-6


def test_a_letterbox_is_padded_before_the_normalisation() -> None:
    image = np.full((8, 16, 3), 255, np.uint8)
    spec = Preprocessing(resize="letterbox", crop=16, pad_value=(0, 51, 255), mean=0, std=1)
    found = preprocess(image, spec)
    assert found[:, 0, 0].tolist() == pytest.approx([0.0, 0.2, 1.0])
    assert found[:, 3, 0].tolist() == pytest.approx([0.0, 0.2, 1.0])
    assert np.all(found[:, 4:12] == 1.0)


def test_padding_between_two_levels_is_exact() -> None:
    """PaddleX pads with 127.5, which a mean and std of 0.5 make 0; 8-bit levels cannot say it."""
    image = np.full((8, 16, 3), 255, np.uint8)
    spec = Preprocessing(resize="letterbox", crop=16, pad_value=127.5, mean=0.5, std=0.5)
    found = preprocess(image, spec)
    assert np.abs(found[:, :4]).max() < 1e-7
    assert np.all(found[:, 4:12] == 1.0)
    assert not spec.pads_with_levels
    assert cropped_levels(image, spec)[0, 0, 0] == 128


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"crop": [80, 160, 3]}, "is not a size"),
        ({"crop": [80, 0]}, ">= 1"),
        ({"resize_short": 100, "crop": [80, 160]}, "smaller than crop = 80x160"),
        ({"resize_short": None}, "resize = short needs resize_short"),
        ({"resize": "stretch", "resize_to": [100, 300]}, "resize_to = 100x300 is smaller than crop = 224"),
        ({"channel_order": "GRAY"}, "1 channels of channel_order = GRAY"),
        ({"channel_order": "RGBA"}, "4 channels"),
        ({"channel_order": "RGB0", "mean": [0.5, 0.5, 0.5, 0.5]}, "would change the channel of zeros"),
        ({"resize": "letterbox", "pad_value": 300}, "not in 0..255"),
        ({"resize_backend": "pillow", "interpolation": "area"}, "it is nearest, box, bilinear"),
        ({"resize_backend": "pillow", "channel_order": "RGBA", "mean": 0, "std": 1}, "weighs"),
        ({"min_value": 1, "normalisation": FUSED}, "is not part of"),
        ({"divide_by": [255, 0, 255]}, "not positive"),
    ],
)
def test_more_figures_that_are_impossible(fields: dict, message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(fields, Preprocessing)


def test_what_a_kind_of_resizing_does_not_use_is_gone() -> None:
    stretched = msgspec.convert(
        {"resize": "stretch", "resize_short": 256, "pad_value": 3, "crop": [80, 160]}, Preprocessing
    )
    assert (stretched.resize_short, stretched.resize_to, stretched.pad_value) == (None, (80, 160), None)
    assert stretched == Preprocessing(resize="stretch", crop=(80, 160))
    assert Preprocessing(resize="letterbox").pad_value == (0.0, 0.0, 0.0)
    assert "resize_short" not in stretched.key_values()


@pytest.mark.parametrize(
    "fields",
    [
        {"resize": "stretch", "crop": [80, 160]},
        {"resize": "letterbox", "crop": 64, "pad_value": 127.5, "channel_order": "BGR0"},
        {"crop_first": [30, 40], "channel_order": "GRAY", "mean": 0.5, "std": 0.5},
        {"crop_first": "square", "min_value": [1, 2, 3]},
    ],
)
def test_what_is_written_reads_the_same(fields: dict) -> None:
    spec = msgspec.convert(fields, Preprocessing)
    assert msgspec.json.decode(msgspec.json.encode(spec), type=Preprocessing) == spec


def test_scaling_keeps_the_ratio_of_each_side() -> None:
    assert Preprocessing().scaled_to(Size(80, 160)) == Preprocessing(crop=(80, 160), resize_short=183)
    margin = Preprocessing(resize="stretch", resize_to=(96, 240), crop=(80, 160))
    assert margin.scaled_to(160) == Preprocessing(resize="stretch", resize_to=(192, 240), crop=160)
    assert Preprocessing(resize="letterbox").scaled_to(64) == Preprocessing(resize="letterbox", crop=64)
