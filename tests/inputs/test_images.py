"""Image files of all sorts, and broken ones."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.errors import UsageError
from edgekit.inputs.images import load_image


@pytest.fixture
def colours() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 9, 3)).astype(np.uint8)


def test_png_keeps_every_value(tmp_path: Path, colours: np.ndarray) -> None:
    Image.fromarray(colours).save(tmp_path / "a.png")
    loaded = load_image(tmp_path / "a.png")
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, colours)


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_exif_orientation_is_undone(tmp_path: Path, colours: np.ndarray, orientation: int, turns: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(colours).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(load_image(tmp_path / "a.png"), np.rot90(colours, turns))


def test_grey_palette_and_alpha_become_rgb(tmp_path: Path, colours: np.ndarray) -> None:
    grey = colours[:, :, 0]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(load_image(tmp_path / "grey.png"), np.dstack([grey] * 3))
    alpha = np.dstack([colours, np.full((6, 9), 10, np.uint8)])
    Image.fromarray(alpha).save(tmp_path / "alpha.png")
    np.testing.assert_array_equal(load_image(tmp_path / "alpha.png"), colours)
    Image.fromarray(colours).quantize(54).save(tmp_path / "palette.png")
    assert load_image(tmp_path / "palette.png").shape == (6, 9, 3)


def test_sixteen_bit_grey_keeps_its_upper_half(tmp_path: Path) -> None:
    values = np.array([[0, 255, 256], [32768, 65279, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    loaded = load_image(tmp_path / "a.png")
    np.testing.assert_array_equal(loaded[:, :, 1], [[0, 0, 1], [128, 254, 255]])


def test_floating_point_values_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(UsageError, match="not colours"):
        load_image(tmp_path / "a.tiff")


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no image .*nowhere"):
        load_image(tmp_path / "nowhere.png")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder, not a file"):
        load_image(tmp_path)


def test_not_an_image(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(UsageError, match="not an image"):
        load_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_truncated_file(tmp_path: Path, suffix: str, kept: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(UsageError) as raised:
        load_image(path)
    assert str(path) in raised.value.message


@pytest.mark.parametrize("share", [1.5, 3.0])
def test_decompression_bomb_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    Image.fromarray(np.zeros((60, 50, 3), np.uint8)).save(tmp_path / "a.png")
    # Pillow warns above its limit and raises above twice that; here both are errors.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", int(3000 / share))
    with pytest.raises(UsageError, match=f"more than {int(3000 / share)} pixels"):
        load_image(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)
    assert load_image(tmp_path / "a.png").shape == (60, 50, 3)


def test_what_starts_other_programs_is_no_photo(tmp_path: Path) -> None:
    """Pillow gives EPS to Ghostscript, whatever the file is called."""
    path = tmp_path / "photo.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n")
    assert Image.open(path).format == "EPS"
    with pytest.raises(UsageError, match="is not an image that Pillow can read"):
        load_image(path)


def test_a_pipe_is_no_photo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "photo.png")
    with pytest.raises(UsageError, match="is a pipe, not a file"):
        load_image(tmp_path / "photo.png")
