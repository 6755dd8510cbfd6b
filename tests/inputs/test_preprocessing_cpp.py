"""The C++ preprocessing against the Python one: the same bits on every photo and specification."""

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import ROOT
from edgekit.inputs.golden import bundled_photos
from edgekit.inputs.images import load_image
from edgekit.inputs.preprocessing import Preprocessing, cropped_levels, preprocess

SOURCES = ROOT / "runtime_tests" / "cpp"

SPECS = [
    Preprocessing(),
    Preprocessing(resize_short=64, crop=64, mean=(0.5, 0.4, 0.3), std=(0.5, 0.25, 1.0), divide_by=127.5),
    Preprocessing(resize_short=439, crop=384),
    Preprocessing(resize_backend="pillow"),
    Preprocessing(resize_backend="pillow", interpolation="bicubic"),
    Preprocessing(resize_backend="pillow", interpolation="bicubic", resize_short=73, crop=64),
    Preprocessing(resize_backend="pillow", interpolation="bicubic", resize_short=320, crop=320),
]

RunTool = Callable[..., bytes]


def name_of(spec: Preprocessing) -> str:
    return f"{spec.resize_backend}-{spec.interpolation}-{spec.resize_short}-{spec.crop}"


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled command-line tool; warnings are errors. With CMake where it is here, else by the compiler alone."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler is here")
    build = tmp_path_factory.mktemp("cpp")
    binary = build / "preprocess_tool"
    flags = ["-std=c++17", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
    commands = [[compiler, *flags, *sorted(SOURCES.glob("*.cpp")), "-o", binary]]
    if shutil.which("cmake"):
        configure = [
            "cmake",
            "-S",
            SOURCES,
            "-B",
            build,
            f"-DCMAKE_CXX_COMPILER={compiler}",
            "-DCMAKE_CXX_FLAGS=-Werror",
        ]
        commands = [configure, ["cmake", "--build", build]]
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
    paths = []
    for index, image in enumerate(images):
        paths.append(folder / f"{index}.ppm")
        Image.fromarray(image).save(paths[-1])
    return paths


def check_agreement(run_tool: RunTool, images: list[np.ndarray], folder: Path, spec: Preprocessing) -> None:
    """C++ and Python agree on every bit of every image. In parts: 500 tensors would take 300 MB."""
    paths = write_ppm(images, folder)
    for start in range(0, len(paths), 50):
        part = slice(start, start + 50)
        got = np.frombuffer(run_tool(spec.key_values(), paths[part]), "<f4").reshape(-1, 3, spec.crop, spec.crop)
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


@pytest.mark.parametrize("spec", SPECS[:5:4], ids=name_of)
def test_photos_of_other_licences(shared: Path, run_tool: RunTool, tmp_path: Path, spec: Preprocessing) -> None:
    images = [load_image(path) for path in sorted((shared / "data" / "photos").glob("*.[jJ]*"))]
    assert len(images) == 16
    with zipfile.ZipFile(shared / "data" / "imagenet_sample_500.zip") as archive:
        for name in sorted(name for name in archive.namelist() if name.endswith(".jpg")):
            images.append(np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB")))
    assert len(images) == 516
    check_agreement(run_tool, images, tmp_path, spec)


@pytest.mark.parametrize("spec", SPECS[::4], ids=name_of)
def test_levels_for_a_model_with_embedded_preprocessing(run_tool: RunTool, tmp_path: Path, spec: Preprocessing) -> None:
    image = load_image(bundled_photos()[0].path)
    got = run_tool(spec.key_values(), write_ppm([image], tmp_path), "--levels")
    np.testing.assert_array_equal(
        np.frombuffer(got, np.uint8).reshape(spec.crop, spec.crop, 3), cropped_levels(image, spec)
    )


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("resise_short = 256", "not understood: resise_short = 256"),
        ("interpolation = lanczos", "not understood: interpolation = lanczos"),
        ("layout = NHWC", "not understood: layout = NHWC"),
        ("crop = 224.5", "not understood: crop = 224.5"),
        ("mean = 0.5, 0.5", "not understood: mean"),
        ("resize_short = 100", "cannot work"),
        ("interpolation = bicubic", "cannot work"),
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
