"""The C++ preprocessing against the Python one: the same bits on every photo and specification."""

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import ROOT, lacking
from edgekit.errors import UsageError
from edgekit.inputs.golden import bundled_photos
from edgekit.inputs.images import load_image
from edgekit.inputs.prepare import cropped_levels, preprocess
from edgekit.inputs.preprocessing import FUSED, Preprocessing

RUNTIME = ROOT / "runtime"
SOURCES = RUNTIME / "preprocessing"

SPECS = [
    Preprocessing(),
    Preprocessing(resize_short=64, crop=64, mean=(0.5, 0.4, 0.3), std=(0.5, 0.25, 1.0), divide_by=127.5),
    Preprocessing(resize_short=439, crop=384),
    Preprocessing(resize_backend="pillow"),
    Preprocessing(resize_backend="pillow", interpolation="bicubic"),
    Preprocessing(resize_backend="pillow", interpolation="bicubic", resize_short=73, crop=64),
    Preprocessing(resize_backend="pillow", interpolation="bicubic", resize_short=320, crop=320),
    Preprocessing(resize_backend="pillow", interpolation="lanczos", resize_short=73, crop=64),
    Preprocessing(resize_backend="pillow", interpolation="hamming", resize="stretch", crop=(80, 160)),
    Preprocessing(resize_backend="pillow", interpolation="box", resize="letterbox", crop=(48, 320), pad_value=114),
    Preprocessing(resize_backend="pillow", interpolation="nearest", resize="stretch", crop=(31, 67)),
    Preprocessing(resize_backend="pillow", channel_order="GRAY", mean=0.5, std=0.5, resize_short=28, crop=28),
    Preprocessing(interpolation="nearest", resize="stretch", crop=(80, 160)),
    Preprocessing(interpolation="bicubic", resize="stretch", resize_to=(77, 131), crop=(64, 129)),
    Preprocessing(interpolation="bicubic", channel_order="BGR", resize_short=61, crop=(53, 61)),
    Preprocessing(interpolation="lanczos", resize="stretch", crop=(80, 160), crop_origin="top_left"),
    Preprocessing(interpolation="area", resize="stretch", crop=(56, 40)),
    Preprocessing(interpolation="area", resize_short=64, crop=64, crop_first="square", size_rounding="floor"),
    Preprocessing(
        resize="letterbox", crop=(192, 256), size_rounding="floor", pad_value=127.5, mean=0.5, std=0.5,
        pad_position="top_left", channel_order="BGR",
    ),
    Preprocessing(resize="letterbox", crop=64, pad_value=(1, 2, 3), channel_order="BGR0", interpolation="bicubic"),
    Preprocessing(
        channel_order="RGBA", mean=(0.1, 0.2, 0.3, 0.4), std=(0.5, 0.6, 0.7, 0.8), resize_short=40, crop=(32, 40),
        divide_by=(255, 254, 253, 252), min_value=(0, 1, 2, 3), crop_origin="centre_round",
    ),
    Preprocessing(channel_order="GRAY", mean=0.1307, std=0.3081, resize="stretch", crop=28, interpolation="area"),
    Preprocessing(mean=0.5, std=0.5, normalisation=FUSED, resize_short=97, crop=96, size_rounding="floor"),
    Preprocessing(channel_order="BGRA", divide_by=1, mean=0, std=1, resize="stretch", crop=(20, 33)),
]  # fmt: skip

RunTool = Callable[..., bytes]


def name_of(spec: Preprocessing) -> str:
    size = spec.resize_short or spec.resize_to or ""
    return f"{spec.resize_backend}-{spec.interpolation}-{spec.resize}{size}-{spec.input_size}-{spec.channel_order}"


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled command-line tool; warnings are errors. With CMake where it is here, else by the compiler alone."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        lacking("no C++ compiler is here")
    build = tmp_path_factory.mktemp("cpp")
    binary = build / "preprocess_tool"
    flags = ["-std=c++17", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
    commands = [[compiler, *flags, *sorted(SOURCES.glob("*.cpp")), "-o", binary]]
    if shutil.which("cmake"):
        configure = [
            "cmake",
            "-S",
            RUNTIME,
            "-B",
            build,
            f"-DCMAKE_CXX_COMPILER={compiler}",
            "-DCMAKE_CXX_FLAGS=-Werror",
        ]
        commands = [configure, ["cmake", "--build", build, "--target", "preprocess_tool"]]
    for command in commands:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return binary


@pytest.fixture
def run_tool(tool: Path, tmp_path: Path) -> RunTool:
    def run(spec: str, photos: Iterable[Path], *flags: str) -> bytes:
        (tmp_path / "spec").write_text(spec)
        output = tmp_path / "out"
        command = [tool, *flags, tmp_path / "spec", output, *photos]
        subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
        content = output.read_bytes()
        output.unlink()
        return content

    return run


def write_ppm(images: Iterable[np.ndarray], folder: Path) -> list[Path]:
    """Photos of three channels as PPM, of four as PAM."""
    paths = []
    for index, image in enumerate(images):
        paths.append(folder / f"{index}.ppm")
        if image.shape[2] == 3:
            Image.fromarray(image).save(paths[-1])
            continue
        height, width, _ = image.shape
        head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
        paths[-1].write_bytes(head.encode() + image.tobytes())
    return paths


def check_agreement(run_tool: RunTool, images: list[np.ndarray], folder: Path, spec: Preprocessing) -> None:
    """C++ and Python agree on every bit of every image. In parts: 500 tensors would take 300 MB."""
    paths = write_ppm(images, folder)
    for start in range(0, len(paths), 50):
        part = slice(start, start + 50)
        values = np.frombuffer(run_tool(spec.key_values(), paths[part]), "<f4")
        got = values.reshape(-1, spec.channels, *spec.input_size)
        for tensor, image in zip(got, images[part], strict=True):
            np.testing.assert_array_equal(tensor, preprocess(image, spec))


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_bundled_photos(run_tool: RunTool, tmp_path: Path, spec: Preprocessing) -> None:
    check_agreement(run_tool, [load_image(photo.path) for photo in bundled_photos()], tmp_path, spec)


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_noise_of_odd_shapes(run_tool: RunTool, tmp_path: Path, spec: Preprocessing) -> None:
    """Noise has every level at every edge; shapes from one pixel to long strips, larger and smaller than the crop."""
    rng = np.random.default_rng(0)
    shapes = [(1, 1), (1, 40), (40, 1), (3, 5), (224, 225), (257, 1900), (999, 31), (1500, 700)]
    images = [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes]
    check_agreement(run_tool, images, tmp_path, spec)


@pytest.mark.parametrize("spec", [spec for spec in SPECS if "A" in spec.channel_order[3:] or spec is SPECS[0]])
def test_photos_with_an_alpha_channel(run_tool: RunTool, tmp_path: Path, spec: Preprocessing) -> None:
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (*shape, 4), dtype=np.uint8) for shape in [(1, 1), (50, 41), (320, 200)]]
    check_agreement(run_tool, images, tmp_path, spec)


@pytest.mark.parametrize("crop_first", ["none", (40, 50)])
def test_a_photo_smaller_than_what_is_cut_out_is_refused(tool: Path, tmp_path: Path, crop_first: Any) -> None:
    spec = Preprocessing(resize="none" if crop_first == "none" else "stretch", crop=32, crop_first=crop_first)
    image = np.random.default_rng(2).integers(0, 256, (40, 49, 3), dtype=np.uint8)
    (tmp_path / "spec").write_text(spec.key_values())
    command = [tool, tmp_path / "spec", tmp_path / "out", *write_ppm([image, image[:31]], tmp_path)]
    fits = subprocess.run(list(map(str, command[:-1])), capture_output=True, text=True, check=False)
    assert fits.returncode == (0 if crop_first == "none" else 2)
    if crop_first == "none":
        got = np.fromfile(tmp_path / "out", "<f4").reshape(3, 32, 32)
        np.testing.assert_array_equal(got, preprocess(image, spec))
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "smaller than what is cut out of it" in done.stderr
    with pytest.raises(UsageError, match=r"a photo of 49 x 31 px is smaller than the (32 x 32|50 x 40) px"):
        preprocess(image[:31], spec)


@pytest.mark.parametrize("spec", SPECS[:5:4], ids=name_of)
def test_photos_of_other_licences(shared: Path, run_tool: RunTool, tmp_path: Path, spec: Preprocessing) -> None:
    images = [load_image(path) for path in sorted((shared / "data" / "photos").glob("*.[jJ]*"))]
    assert len(images) == 16
    with zipfile.ZipFile(shared / "data" / "imagenet_sample_500.zip") as archive:
        for name in sorted(name for name in archive.namelist() if name.endswith(".jpg")):
            images.append(np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB")))
    assert len(images) == 516
    check_agreement(run_tool, images, tmp_path, spec)


@pytest.mark.parametrize("spec", SPECS[::3], ids=name_of)
def test_levels_for_a_model_with_embedded_preprocessing(run_tool: RunTool, tmp_path: Path, spec: Preprocessing) -> None:
    image = load_image(bundled_photos()[0].path)
    got = run_tool(spec.key_values(), write_ppm([image], tmp_path), "--levels")
    np.testing.assert_array_equal(
        np.frombuffer(got, np.uint8).reshape(*spec.input_size, spec.channels), cropped_levels(image, spec)
    )


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("resise_short = 256", "not understood: resise_short = 256"),
        ("interpolation = sinc", "not understood: interpolation = sinc"),
        ("layout = NHWC", "not understood: layout = NHWC"),
        ("crop = 224.5", "not understood: crop = 224.5"),
        ("mean = 0.5, 0.5", "not one value for each channel"),
        ("mean = 0.5, x", "not understood: mean"),
        ("channel_order = GRAY", "not one value for each channel"),
        ("channel_order = RGB0\nmean = 0.5, 0.5, 0.5, 0.5", "not one value for each channel"),
        ("crop = 80, 160, 3", "not understood: crop"),
        ("resize = stretch\nresize_to = 80, 160\ncrop = 80, 161", "cannot work"),
        ("resize = letterbox\npad_value = 256", "cannot work"),
        ("resize_backend = pillow\ninterpolation = area", "cannot work"),
        ("resize_backend = pillow\nchannel_order = RGBA\nmean = 0\nstd = 1", "cannot work"),
        ("resize_short = 100", "cannot work"),
        ("interpolation = box", "cannot work"),
        ("std = 0.1, 0.1, 0", "cannot work"),
        ("just words", "no key = value"),
    ],
)
def test_a_specification_that_means_nothing_is_refused(tool: Path, tmp_path: Path, spec: str, said: str) -> None:
    (tmp_path / "spec").write_text(spec)
    photo = write_ppm([np.zeros((4, 4, 3), np.uint8)], tmp_path)[0]
    command = [tool, tmp_path / "spec", tmp_path / "out", photo]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("content", [b"", b"P5 2 2 255\n1234", b"P6 99999 99999 255\n", b"P6 4 4 255\nshort"])
def test_a_damaged_photo_is_refused(tool: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "spec").write_text("")
    (tmp_path / "a.ppm").write_bytes(content)
    command = [tool, tmp_path / "spec", tmp_path / "out", tmp_path / "a.ppm"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "a.ppm is" in done.stderr
