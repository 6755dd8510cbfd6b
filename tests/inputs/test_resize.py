"""Every interpolation against what OpenCV and Pillow themselves gave on the same noise."""

import hashlib

import numpy as np
import pytest

from edgekit.inputs.channels import with_channels
from edgekit.inputs.geometry import Window
from edgekit.inputs.preprocessing import INTERPOLATIONS
from edgekit.inputs.resize import resized_window
from edgekit.inputs.size import Size

# Larger, smaller, both; whole ratios; a row that is no multiple of OpenCV's vectors; 1, 3 and 4 channels.
SHAPES = [
    ((95, 45, 3), (19, 37)),
    ((33, 57, 3), (80, 160)),
    ((60, 90, 1), (31, 29)),
    ((96, 120, 3), (32, 24)),
    ((40, 52, 3), (20, 26)),
    ((50, 41, 4), (30, 90)),
]

# From cv2.resize of opencv-python-headless 4.6.0.66 and 5.0.0 on x86-64, without Intel's IPP, and from Image.resize of
# Pillow 10.4.0 (13.0.0 makes the passes of tall images in the other order): sha256 over all results.
FIGURES = {
    ("opencv", "nearest"): "e2347d3af68e7559aa869786f007",
    ("opencv", "bilinear"): "21eaaef3295a022ba458cb6998fa",
    ("opencv", "bicubic"): "396a4a119b35da8d7fb7c95fbeda",
    ("opencv", "area"): "f8a2dc853bb56efa74386c3c95b4",
    ("opencv", "lanczos"): "6da6944e7d6978123f905bdfd285",
    ("pillow", "nearest"): "d21c0259c0864837f13e290ae5ee",
    ("pillow", "box"): "fceb9ee3d7fb020d47c23d9c06d3",
    ("pillow", "bilinear"): "56616a5fa417e1079fe43ab6671d",
    ("pillow", "hamming"): "69a2c1ab4f8d8a53e32af716ad81",
    ("pillow", "bicubic"): "e3aa1b2ee82c55af70a7401fe5a3",
    ("pillow", "lanczos"): "f64f88d411f7228ad1d712043a08",
}


def noise(shape: tuple[int, int, int]) -> np.ndarray:
    raw = np.random.PCG64(7).random_raw(shape[0] * shape[1] * shape[2])
    return (raw >> np.uint64(56)).astype(np.uint8).reshape(shape)


@pytest.mark.parametrize(("backend", "interpolation"), FIGURES)
def test_the_library_s_own_figures(backend: str, interpolation: str) -> None:
    digest = hashlib.sha256()
    for shape, target in SHAPES:
        if backend == "opencv" or shape[2] != 4:
            whole = Window(0, 0, *target)
            digest.update(resized_window(noise(shape), Size(*target), whole, backend, interpolation).tobytes())
    assert digest.hexdigest()[:28] == FIGURES[backend, interpolation]


def test_every_interpolation_has_figures() -> None:
    assert set(FIGURES) == {(backend, name) for backend, names in INTERPOLATIONS.items() for name in names}


@pytest.mark.parametrize(("backend", "interpolation"), FIGURES)
@pytest.mark.parametrize(("shape", "target"), [case for case in SHAPES if case[0][2] != 4])
def test_a_part_is_that_part_of_the_whole(backend, interpolation, shape, target) -> None:
    height, width = target
    whole = resized_window(noise(shape), Size(*target), Window(0, 0, *target), backend, interpolation)
    part = Window(height // 3, width // 4, height // 2, width // 2)
    found = resized_window(noise(shape), Size(*target), part, backend, interpolation)
    np.testing.assert_array_equal(found, whole[part.rows, part.columns])


@pytest.mark.parametrize(("backend", "interpolation"), FIGURES)
def test_the_same_size_is_a_copy(backend: str, interpolation: str) -> None:
    image = noise((9, 14, 3))
    np.testing.assert_array_equal(
        resized_window(image, Size(9, 14), Window(2, 3, 5, 6), backend, interpolation), image[2:7, 3:9]
    )


def test_opencv_s_nearest_is_not_pillow_s() -> None:
    """OpenCV takes the pixel at the corner of what is covered, Pillow the one in its middle."""
    image = np.arange(6, dtype=np.uint8).repeat(3).reshape(1, 6, 3).repeat(6, axis=0)
    taken = {
        backend: resized_window(image, Size(2, 2), Window(0, 0, 2, 2), backend, "nearest")[0, :, 0].tolist()
        for backend in ("opencv", "pillow")
    }
    assert taken == {"opencv": [0, 3], "pillow": [1, 4]}


def test_area_averages_what_it_covers() -> None:
    image = np.array([[0, 100, 200], [0, 100, 200], [50, 50, 50]], np.uint8)[:, :, None]
    found = resized_window(image, Size(2, 2), Window(0, 0, 2, 2), "opencv", "area")[:, :, 0]
    # Cells of 1.5 px: (0 + 0.5 * 100) / 1.5 = 33.3 across; down, two thirds of it and a third of 50.
    rows = np.array([[33.333, 166.667], [50.0, 50.0]])
    expected = np.stack([rows[0], (0.5 * rows[0] + rows[1]) / 1.5])
    assert np.abs(found - expected).max() <= 0.5


@pytest.mark.parametrize(
    ("backend", "expected"), [("opencv", "31bc5bf306297a7ffd5f55bcdd9a"), ("pillow", "b0fa822f0a87d61c2e3284857947")]
)
def test_grey_is_the_library_s_own(backend: str, expected: str) -> None:
    # cvtColor(COLOR_RGB2GRAY) of OpenCV 4.6.0 and 5.0.0, convert("L") of Pillow 10.4.0 and 13.0.0.
    found = with_channels(noise((64, 64, 3)), "GRAY", backend)
    assert found.shape == (64, 64, 1)
    assert hashlib.sha256(found.tobytes()).hexdigest()[:28] == expected
