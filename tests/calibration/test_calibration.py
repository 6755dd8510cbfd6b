"""Photos for calibration: which are taken, how they are prepared, and what is said of those that cannot be."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from edgekit.calibration.photos import COUNT, FEWEST, MOST, calibration_photos, golden_hashes
from edgekit.calibration.pictures import made_picture
from edgekit.calibration.prepared import CalibrationFile, calibration_file
from edgekit.errors import UsageError
from edgekit.inputs.golden import bundled_photos
from edgekit.inputs.images import load_image
from edgekit.inputs.prepare import preprocess
from edgekit.inputs.size import Size
from edgekit.recipe.load import default_recipe

SMALL = default_recipe().preprocessing.scaled_to(Size(16, 16))


def write_photos(folder: Path, count: int, first: int = 0) -> Path:
    """That many different photos, by their numbers from `first` on."""
    folder.mkdir(exist_ok=True)
    for number in range(first, first + count):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:04d}.png")
    return folder


def prepared(source: Path | str, cache: Path) -> CalibrationFile:
    return calibration_file(calibration_photos(str(source), 32), SMALL, "x", cache)


def test_photos_are_prepared_bit_for_bit_as_golden_inputs_are(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", FEWEST)
    made = prepared(folder, tmp_path / "cache")
    tensors = load_file(made.source.path)
    assert list(tensors) == ["x"]
    assert tensors["x"].shape == (FEWEST, 3, 16, 16)
    assert tensors["x"].dtype == np.float32
    for number in (0, 57, FEWEST - 1):
        expected = preprocess(load_image(folder / f"{number:04d}.png"), SMALL)
        assert tensors["x"][number].tobytes() == expected.tobytes()
    assert len(made.record.photos) == FEWEST
    assert made.notes == ()


def test_the_file_is_made_once_and_its_hash_is_of_its_values(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", FEWEST)
    first = prepared(folder, tmp_path / "cache")
    stamp = first.source.path.stat().st_mtime_ns
    again = prepared(folder, tmp_path / "cache")
    assert again == first
    assert again.source.path.stat().st_mtime_ns == stamp
    Image.fromarray(np.zeros((20, 24, 3), np.uint8)).save(folder / "0000.png")
    assert prepared(folder, tmp_path / "cache").source.sha256 != first.source.sha256


def test_of_many_photos_some_are_taken_at_even_distances(tmp_path: Path) -> None:
    photos = calibration_photos(str(write_photos(tmp_path / "photos", MOST + 100)))
    assert len(photos.photos) == MOST
    assert photos.found == MOST + 100
    assert [one.name for one in photos.photos[:4]] == ["0000.png", "0001.png", "0002.png", "0004.png"]


def test_unreadable_photos_are_left_out_counted_and_named(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", FEWEST)
    for number in range(4):
        (folder / f"broken{number}.jpg").write_bytes(b"no photo")
    made = prepared(folder, tmp_path / "cache")
    assert made.record.unreadable == 4
    assert len(made.record.photos) == FEWEST
    (note,) = made.notes
    assert "4 of 104 calibration photos cannot be read" in note
    assert "broken0.jpg, broken1.jpg, broken2.jpg and 1 more" in note


@pytest.mark.parametrize("count", [1, FEWEST - 1])
def test_too_few_photos_are_refused_with_both_numbers(count: int, tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", count)
    with pytest.raises(UsageError, match=rf"holds {count} photos, and calibration needs {FEWEST}"):
        calibration_photos(str(folder))


def test_no_photos_and_no_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no photo"):
        calibration_photos(str(tmp_path))
    (tmp_path / "photos.zip").write_bytes(b"PK")
    with pytest.raises(UsageError, match="it is no folder"):
        calibration_photos(str(tmp_path / "photos.zip"))
    with pytest.raises(UsageError, match="no such folder"):
        calibration_photos(str(tmp_path / "absent"))


def test_too_few_that_can_be_read_are_refused(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", FEWEST)
    (folder / "0007.png").write_bytes(b"no photo")
    with pytest.raises(UsageError, match=rf"holds {FEWEST - 1} photos that can be read \(0007.png cannot\)"):
        prepared(folder, tmp_path / "cache")


def test_one_picture_repeated_is_refused_whatever_its_files_are(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    for number in range(FEWEST + 5):
        Image.fromarray(pixels).save(folder / f"{number:04d}.{'png' if number % 2 else 'bmp'}")
    with pytest.raises(UsageError, match=r"holds 1 different pictures \(104 repeat others, as 0001.png does\)"):
        prepared(folder, tmp_path / "cache")


def test_a_few_repeated_ones_count_once(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", FEWEST)
    (folder / "twin.png").write_bytes((folder / "0003.png").read_bytes())
    made = prepared(folder, tmp_path / "cache")
    assert made.record.repeated == 1
    assert "twin.png" not in made.record.photos
    assert any("repeat others and count once: twin.png" in note for note in made.notes)


def test_golden_photos_do_not_calibrate(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", FEWEST)
    golden = bundled_photos()[1]
    (folder / "mine.png").write_bytes(golden.path.read_bytes())
    with pytest.raises(UsageError, match=rf"golden photo {golden.name} is to be used to verify.*as mine.png"):
        calibration_photos(str(folder))
    assert golden.original_sha256 in golden_hashes().values()


def test_bundled_pictures_are_all_different_and_always_the_same(tmp_path: Path) -> None:
    made = prepared("bundled", tmp_path / "cache")
    assert len(made.record.photos) == COUNT
    assert made.record.source == "bundled"
    assert prepared("bundled", tmp_path / "other").source.sha256 == made.source.sha256
    picture = made_picture(0, 64)
    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.uint8


def test_bundled_pictures_have_the_spectrum_of_photos() -> None:
    """Their amplitude falls about as 1/f: white noise has a slope of 0."""
    slopes = []
    for index in range(8):
        grey = made_picture(index, 128).astype(np.float64).mean(axis=2)
        amplitude = np.abs(np.fft.fft2((grey - grey.mean()) * np.hanning(128)[:, None] * np.hanning(128)))
        down, across = np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128), indexing="ij")
        frequency = np.hypot(down, across)
        band = (frequency > 0.02) & (frequency < 0.2)
        slopes.append(np.polyfit(np.log(frequency[band]), np.log(amplitude[band] + 1e-9), 1)[0])
    assert -1.9 < np.mean(slopes) < -0.7
