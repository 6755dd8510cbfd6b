"""The golden inputs: the same bits everywhere, and photos whose licence is known."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from edgekit.errors import UsageError
from edgekit.inputs import Preprocessing
from edgekit.inputs.golden import GoldenInputs, bundled_photos, golden_inputs
from edgekit.inputs.prepare import value_range

DEMO = Preprocessing(resize_short=64, crop=64)


@pytest.fixture(scope="module")
def golden() -> GoldenInputs:
    return golden_inputs(Preprocessing(), "x")


def test_photos_come_first(golden: GoldenInputs) -> None:
    assert golden.tensors["x"].shape == (10, 3, 224, 224)
    assert golden.tensors["x"].dtype == np.float32
    assert golden.labels[:2] == ("photo astronaut", "photo cat")
    assert golden.labels[8:] == ("synthetic noise 0", "synthetic smooth noise 1")
    assert golden.kinds == ("photo",) * 8 + ("synthetic",) * 2


def test_the_same_bits_on_every_machine(golden: GoldenInputs) -> None:
    """A recorded reference belongs to these very samples: a change here makes every recording void."""
    assert golden.samples_sha256 == "a99587fd517dff509b4ca0ac7a9e8f1bb5f8449560aa38ab5abcfdf09959f1be"
    assert golden_inputs(DEMO, "x").samples_sha256 == "70df3420dfdbbfcda770fd8822ce64fbff8682831ed559b960fe8d953b9fa86c"


def test_the_hash_covers_names_and_values() -> None:
    first = golden_inputs(DEMO, "x", photos=1, synthetic=1)
    assert golden_inputs(DEMO, "x", photos=1, synthetic=1).samples_sha256 == first.samples_sha256
    assert golden_inputs(DEMO, "image", photos=1, synthetic=1).samples_sha256 != first.samples_sha256
    assert golden_inputs(DEMO, "x", photos=1, synthetic=1, seed=1).samples_sha256 != first.samples_sha256


def test_more_samples_leave_the_earlier_ones_alone() -> None:
    few = golden_inputs(DEMO, "x", photos=2, synthetic=1).tensors["x"]
    many = golden_inputs(DEMO, "x", photos=2, synthetic=4).tensors["x"]
    np.testing.assert_array_equal(many[:3], few)
    assert len({sample.tobytes() for sample in many}) == 6


@pytest.mark.parametrize("seed", range(5))
def test_white_noise_is_standard_normal_and_white(seed: int) -> None:
    noise = golden_inputs(Preprocessing(), "x", photos=0, synthetic=1, seed=seed).tensors["x"][0]
    # Clipping at -1.8..-2.1 and 2.2..2.6 takes a little of the variance.
    assert abs(noise.mean()) < 0.02
    assert 0.95 < noise.std() < 0.99
    neighbours = np.corrcoef(noise[0, :, :-1].ravel(), noise[0, :, 1:].ravel())[0, 1]
    assert abs(neighbours) < 0.02
    channels = np.corrcoef(noise.reshape(3, -1))
    assert np.abs(channels - np.eye(3)).max() < 0.02


@pytest.mark.parametrize("seed", range(5))
def test_smooth_noise_falls_as_one_over_frequency(seed: int) -> None:
    noise = golden_inputs(Preprocessing(), "x", photos=0, synthetic=2, seed=seed).tensors["x"][1]
    neighbours = np.corrcoef(noise[0, :, :-1].ravel(), noise[0, :, 1:].ravel())[0, 1]
    assert neighbours > 0.7
    assert 0.3 < noise.std() < 1.5
    amplitude = np.abs(np.fft.fft2(noise, axes=(1, 2))).mean(axis=0)
    low = amplitude[1:4, 1:4].mean()
    high = amplitude[10:40, 10:40].mean()
    # Frequencies 2.8 and 35 apart by a factor of 12: 1/f is 12, white noise 1, 1/f^2 150.
    assert 5 < low / high < 60


@pytest.mark.parametrize("spec", [Preprocessing(), DEMO])
def test_values_are_those_of_images(spec: Preprocessing) -> None:
    tensor = golden_inputs(spec, "x", synthetic=4).tensors["x"]
    low, high = value_range(spec)
    assert np.all(tensor >= low[:, None, None])
    assert np.all(tensor <= high[:, None, None])
    assert tensor[8:].max() == high.max()


@pytest.mark.parametrize(("photos", "synthetic"), [(9, 2), (-1, 2), (0, 0), (3, -1)])
def test_impossible_counts(photos: int, synthetic: int) -> None:
    with pytest.raises(UsageError, match="cannot be made"):
        golden_inputs(DEMO, "x", photos=photos, synthetic=synthetic)


def test_written_file_has_labels(tmp_path: Path) -> None:
    inputs = golden_inputs(DEMO, "image", photos=2, synthetic=1)
    inputs.write_inputs(tmp_path / "tensors.safetensors")
    with safe_open(tmp_path / "tensors.safetensors", "numpy") as file:
        metadata = file.metadata()
        assert list(file.keys()) == ["image"]
        np.testing.assert_array_equal(file.get_tensor("image"), inputs.tensors["image"])
    assert json.loads(metadata["labels"]) == ["photo astronaut", "photo cat", "synthetic noise 0"]
    assert json.loads(metadata["kinds"]) == ["photo", "photo", "synthetic"]
    assert metadata["samples_sha256"] == inputs.samples_sha256


def test_photos_are_what_their_list_says() -> None:
    photos = bundled_photos()
    folder = photos[0].path.parent
    assert {photo.file for photo in photos} == {path.name for path in folder.glob("*.png")}
    for photo in photos:
        assert hashlib.sha256(photo.path.read_bytes()).hexdigest() == photo.sha256, photo.name
        with Image.open(photo.path) as image:
            assert image.mode == "RGB"
            assert min(image.size) >= 300
            assert max(image.size) <= 400
        assert photo.licence in {"public domain", "CC0-1.0", "CC-BY-2.0"}
    assert sum(photo.path.stat().st_size for photo in photos) < 1_600_000


def test_every_photo_is_in_the_licence_file() -> None:
    text = (bundled_photos()[0].path.parent / "LICENSES.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    for photo in bundled_photos():
        assert photo.licence.replace("-1.0", "").replace("CC-BY-2.0", "CC BY 2.0") in rows[photo.file]
        assert photo.author.removesuffix(" (Flickr)") in rows[photo.file]
        assert f"{photo.package} {photo.package_version}" in rows[photo.file]


@pytest.mark.parametrize(
    "spec",
    [
        Preprocessing(resize="stretch", crop=(80, 160)),
        Preprocessing(resize="letterbox", crop=(48, 320)),
        Preprocessing(resize_short=28, crop=28, channel_order="GRAY", mean=0.5, std=0.5),
        Preprocessing(resize_short=64, crop=64, channel_order="RGB0"),
    ],
)
def test_inputs_of_any_shape(spec: Preprocessing) -> None:
    tensor = golden_inputs(spec, "x").tensors["x"]
    assert tensor.shape == (10, spec.channels, *spec.input_size)
    low, high = (limit[:, None, None] for limit in value_range(spec))
    assert np.all((tensor >= low) & (tensor <= high))
    assert np.all(tensor[8:, 0].std(axis=(1, 2)) > 0.3)


def test_noise_is_spread_over_levels_that_are_not_normalised() -> None:
    spec = Preprocessing(resize_short=64, crop=64, divide_by=1, mean=0, std=1)
    noise = golden_inputs(spec, "x", photos=0, synthetic=2).tensors["x"]
    assert np.abs(noise.mean(axis=(1, 2, 3)) - 127.5).max() < 12
    assert np.all(noise.std(axis=(1, 2, 3)) > 35)


def test_a_photo_that_is_too_small_is_named_with_a_way_out() -> None:
    with pytest.raises(UsageError, match=r"px is smaller than the 390 x 390 px") as error:
        golden_inputs(Preprocessing(resize="none", crop=390), "x")
    assert "resize = short" in error.value.remedy
