"""examples/cpp, kotlin and linux_camera: compiled as their pages say, and what they say is what edgekit says."""

import json
import os
import platform
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from conftest import PATIENCE_SECONDS, ROOT, Edgekit, lacking
from edgekit.inputs.golden import bundled_photos
from edgekit.native.architectures import Architecture
from edgekit.native.compilers import find_compiler
from runtime_tests.runners import built_for, needed

pytestmark = pytest.mark.toolchain

EXAMPLES = ROOT / "examples"
PHOTOS = [photo.path for photo in bundled_photos()[:2]]
LONGEST = 20
"""Lines that a user copies."""


@pytest.fixture(scope="module")
def artifact(mixnet_on_ncnn: Path) -> Path:
    return mixnet_on_ncnn / "MixNet_S" / "ncnn"


def library(architecture: Architecture, artifact: Path, cache: Path) -> Path:
    """The folder of ncnn's CMake files, of the library that packages of the artifact have."""
    return built_for(artifact, architecture, "library", cache) / "lib" / "cmake" / "ncnn"


def compiled(source: Path, folder: Path, target: str, architecture: Architecture, *settings: str) -> Path:
    """The program of an example, warnings shown as errors where they are the example's own."""
    compiler = find_compiler(architecture)
    told = [
        f"-DCMAKE_C_COMPILER={compiler.c}",
        f"-DCMAKE_CXX_COMPILER={compiler.cxx}",
        "-DCMAKE_CXX_FLAGS=-Wall -Werror",
    ]
    if not architecture.is_host:
        told += ["-DCMAKE_SYSTEM_NAME=Linux", f"-DCMAKE_SYSTEM_PROCESSOR={architecture.name}"]
    for command in (
        ["cmake", "-S", source, "-B", folder, *told, *settings],
        ["cmake", "--build", folder, "--target", target, "-j", "2"],
    ):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / target


def run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


@pytest.fixture(scope="module")
def named(artifact: Path, edgekit: Edgekit) -> dict[str, list[dict]]:
    """What `edgekit predict` says of the photos: the classes by a photo's name."""
    answer = edgekit("predict", artifact, *PHOTOS, "--json", "--top", "5")
    assert answer.returncode == 0, answer.stderr
    photos = json.loads(answer.stdout)["photos"]
    return {path.name: next(iter(one["classes"].values())) for path, one in zip(PHOTOS, photos, strict=True)}


def test_twenty_lines_of_cpp(artifact: Path, session_cache: Path, tmp_path: Path, named: dict[str, list[dict]]) -> None:
    architecture, _ = needed(platform.machine())
    settings = ("-DEDGEKIT_BACKEND=ncnn", f"-Dncnn_DIR={library(architecture, artifact, session_cache)}")
    source = EXAMPLES / "cpp"
    lines = (source / "name_a_photo.cpp").read_text().splitlines()
    assert sum(bool(line.strip()) and not line.startswith(("//", "#")) for line in lines) <= LONGEST
    program = compiled(source, tmp_path / "build", "name_a_photo", architecture, *settings)
    for photo in PHOTOS:
        answer = run([program, artifact, photo])
        assert answer.returncode == 0, answer.stderr
        expected = [f"{100 * one['probability']:6.2f} %  {one['name']}" for one in named[photo.name]]
        assert answer.stdout.splitlines() == expected
    damaged = tmp_path / "damaged"
    shutil.copytree(artifact, damaged)
    (damaged / "MixNet_S.ncnn.param").write_text("7767517\n")
    answer = run([program, damaged, PHOTOS[0]])
    assert (answer.returncode, "is damaged: it has" in answer.stderr) == (2, True)
    answer = run([program, artifact, artifact / "manifest.json"])
    assert (answer.returncode, "the photo is no JPEG and no PNG file" in answer.stderr) == (2, True)


def test_twenty_lines_of_kotlin(tmp_path: Path) -> None:
    """They compile with the class of the app that they call, and make its function."""
    if shutil.which("mvn") is None:
        lacking("maven is not here (Debian: apt-get install maven)")
    if not (ROOT / "android_demo").is_dir():
        lacking("android_demo is not here")
    source = EXAMPLES / "kotlin"
    lines = (source / "NamePhoto.kt").read_text().splitlines()
    assert sum(bool(line.strip()) and not line.startswith(("/**", "import")) for line in lines) <= LONGEST
    done = run(["mvn", "-q", "-B", "-f", source / "pom.xml", "compile", f"-Dplace={tmp_path}"])
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / "classes" / "NamePhotoKt.class").is_file()


@pytest.fixture(scope="module")
def camera(artifact: Path, session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    """What starts linux_camera on an emulated Cortex-A53."""
    architecture, command = needed("aarch64")
    settings = (
        "-DEDGEKIT_BACKEND=ncnn",
        "-DEDGEKIT_STATIC=ON",
        f"-Dncnn_DIR={library(architecture, artifact, session_cache)}",
    )
    folder = tmp_path_factory.mktemp("camera") / "build"
    return [*command, compiled(EXAMPLES / "linux_camera", folder, "linux_camera", architecture, *settings)]


def lines_of(answer: subprocess.CompletedProcess[str]) -> list[dict]:
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_a_folder_of_frames_on_arm64(
    camera: list[str | Path], artifact: Path, tmp_path: Path, named: dict[str, list[dict]]
) -> None:
    """The frames in the order of their names, a line each, as edgekit names them; a bad frame does not end it."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for photo in PHOTOS:
        shutil.copy(photo, frames)
    odd = frames / os.fsdecode(b'a "cut" \xff.PNG')
    odd.write_bytes(PHOTOS[0].read_bytes()[:3000])
    (frames / "notes.txt").write_text("no frame")
    answer = run([*camera, artifact, "--frames", frames])
    assert answer.returncode == 1, answer.stderr
    head, bad, *good = lines_of(answer)
    assert (head["self_test"], head["architecture"]) == ("passed", "aarch64")
    assert bad == {"frame": 'a "cut" \ufffd.PNG', "error": "the photo is cut short, or damaged"}
    assert [line["frame"] for line in good] == sorted(named)
    for line in good:
        expected = named[line["frame"]]
        assert [one["label"] for one in line["classes"]] == [one["name"] for one in expected]
        for one, beside in zip(line["classes"], expected, strict=True):
            assert one["probability"] == pytest.approx(beside["probability"], rel=1e-4, abs=1e-7)
        assert line["run_ms"] > 0
    odd.unlink()
    answer = run([*camera, artifact, "--frames", frames, "--no-self-test", "--count", "1", "--top", "2"])
    assert answer.returncode == 0, answer.stdout
    head, only = lines_of(answer)
    assert head["self_test"] is None
    assert len(only["classes"]) == 2


def test_what_a_camera_program_refuses(camera: list[str | Path], artifact: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(artifact, damaged)
    (damaged / "golden.safetensors").write_bytes(b"")
    quick = [*camera, artifact, "--no-self-test"]
    for command, said in (
        ([*camera], "no artifact is named"),
        ([*quick, "--top", "0"], "--top 0 means nothing"),
        ([*quick, "--frames"], "--frames needs a value"),
        ([*quick, "--frames", tmp_path / "nothing"], "cannot be read as a folder: No such file"),
        ([*quick, "--frames", artifact], "holds no JPEG and no PNG file"),
        ([*quick, "--device", tmp_path / "video"], "cannot be opened: No such file"),
        ([*quick, "--device", "/dev/null"], "/dev/null is no camera"),
        ([*camera, damaged, "--frames", tmp_path], "golden.safetensors is damaged: it has 0 bytes"),
    ):
        answer = run(command)
        assert answer.returncode == 2, answer.stdout
        (line,) = lines_of(answer)
        assert list(line) == ["error"]
        assert said in line["error"]


def test_it_ends_when_it_is_asked_to(camera: list[str | Path], artifact: Path, tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number:03}.png").symlink_to(PHOTOS[0])
    command = list(map(str, [*camera, artifact, "--frames", tmp_path, "--no-self-test"]))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert json.loads(process.stdout.readline())["frame"] == "000.png"
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read().splitlines()
    assert process.returncode == 0
    assert len(rest) < 199


def test_a_camera_s_pixels_are_bt601(tmp_path: Path) -> None:
    """YUYV of the video range as RGB, beside the standard's formula in float64: rounded."""
    architecture, _ = needed(platform.machine())
    source = EXAMPLES / "linux_camera"
    tool = tmp_path / "pixels_tool"
    compiler = find_compiler(architecture)
    built = run([compiler.cxx, "-std=c++17", "-o", tool, source / "pixels_tool.cpp", source / "pixels.cpp"])
    assert built.returncode == 0, built.stderr
    height, width = 64, 130
    given = np.random.default_rng(1).integers(0, 256, (height, width // 2, 4), np.uint8)
    done = subprocess.run([tool, str(width), str(height)], input=given.tobytes(), capture_output=True, check=True)
    ours = np.frombuffer(done.stdout, np.uint8).reshape(height, width, 3).astype(np.float64)
    luma = given[:, :, [0, 2]].reshape(height, width).astype(np.float64) - 16
    u, v = (np.repeat(given[:, :, at].astype(np.float64) - 128, 2, axis=1) for at in (1, 3))
    y, chroma = luma * 255 / 219, 255 / 224
    red = y + 1.402 * chroma * v
    blue = y + 1.772 * chroma * u
    # BT.601: Y = 0.299 R + 0.587 G + 0.114 B
    green = (y - 0.299 * red - 0.114 * blue) / 0.587
    expected = np.clip(np.stack([red, green, blue], axis=-1), 0, 255)
    assert np.abs(ours - expected).max() <= 0.51
