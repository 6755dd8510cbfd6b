"""The runtime's decoder beside `load_image`: PNG to the bit, JPEG within a few levels, damage by a sentence."""

import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgekit.inputs.golden import bundled_photos
from edgekit.inputs.images import load_image
from tests.runtime.build import built

Decode = Callable[..., np.ndarray]

# Largest and mean difference of a level: both decoders round a transform of cosines and the colours' conversion, and
# enlarge the colours by the same weights with other roundings.
JPEG_LARGEST, JPEG_MEAN = 5, 0.6


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("decoder"), "decode_tool") / "decode_tool"


def run(tool: Path, photo: Path, *flags: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    out = photo.with_name(f"{photo.name}.out")
    command = [str(tool), *flags, str(photo), str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False), out


@pytest.fixture
def decode(tool: Path) -> Decode:
    def decoded(photo: Path, *flags: str) -> np.ndarray:
        answer, out = run(tool, photo, *flags)
        assert answer.returncode == 0, answer.stderr
        head, pixels = out.read_bytes().split(b"\n", 1)
        return np.frombuffer(pixels, np.uint8).reshape([int(word) for word in head.split()])

    return decoded


def picture(channels: int = 3, size: tuple[int, int] = (61, 47)) -> np.ndarray:
    """Smooth colours with a little noise, uint8 [H, W, channels]: what photos are made of."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: size[0], : size[1]]
    waves = [np.sin(x / (7 + c) + c) * np.cos(y / (9 - c)) for c in range(channels)]
    return (128 + 90 * np.stack(waves, axis=2) + rng.normal(0, 6, (*size, channels))).clip(0, 255).astype(np.uint8)


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def wide(grey: np.ndarray) -> Image.Image:
    return Image.fromarray(grey.astype(np.uint16) * 251 + 13)


RGB, RGBA = Image.fromarray(picture()), Image.fromarray(picture(4), "RGBA")
GREY = Image.fromarray(picture()[:, :, 0])

PNG: dict[str, tuple[Image.Image, dict[str, Any]]] = {
    "rgb": (RGB, {}),
    "rgba": (RGBA, {}),
    "grey": (GREY, {}),
    "grey with alpha": (RGBA.convert("LA"), {}),
    "16-bit grey": (wide(picture()[:, :, 0]), {}),
    "one bit": (GREY.convert("1"), {}),
    "palette of 256": (RGB.quantize(256), {}),
    "palette of 11": (RGB.quantize(11), {}),
    "palette of 3": (RGB.quantize(3), {}),
    "palette with a transparent colour": (RGB.quantize(9), {"transparency": 2}),
    "a transparent colour": (RGB, {"transparency": tuple(picture()[5, 5].tolist())}),
    "one pixel": (RGB.crop((3, 3, 4, 4)), {}),
    "turned": (RGB, {"exif": turned(8)}),
}


@pytest.mark.parametrize("kind", PNG)
@pytest.mark.parametrize("alpha", [False, True])
def test_png_has_the_same_pixels(decode: Decode, tmp_path: Path, kind: str, alpha: bool) -> None:
    image, options = PNG[kind]
    path = tmp_path / "photo.png"
    image.save(path, **options)
    np.testing.assert_array_equal(decode(path, *["--alpha"] * alpha), load_image(path, alpha=alpha))


@pytest.mark.parametrize("photo", bundled_photos(), ids=lambda photo: photo.name)
def test_bundled_photos(decode: Decode, tmp_path: Path, photo: Any) -> None:
    path = tmp_path / photo.file
    path.write_bytes(photo.path.read_bytes())
    np.testing.assert_array_equal(decode(path), load_image(path))


JPEG: dict[str, tuple[Image.Image, dict[str, Any]]] = {
    "4:2:0": (RGB, {"quality": 90, "subsampling": 2}),
    "4:2:2": (RGB, {"quality": 90, "subsampling": 1}),
    "4:4:4": (RGB, {"quality": 90, "subsampling": 0}),
    "quality 30": (RGB, {"quality": 30}),
    "progressive": (RGB, {"quality": 85, "progressive": True}),
    "restarts": (RGB, {"quality": 85, "restart_marker_blocks": 3}),
    "optimised": (RGB, {"quality": 95, "optimize": True}),
    "grey": (GREY, {"quality": 85}),
    "cmyk": (RGB.convert("CMYK"), {"quality": 90}),
    "one pixel": (RGB.crop((3, 3, 4, 4)), {}),
    "kept as rgb": (RGB, {"quality": 90, "keep_rgb": True}),
} | {f"turned {orientation}": (RGB, {"quality": 90, "exif": turned(orientation)}) for orientation in range(1, 9)}


@pytest.mark.parametrize("kind", JPEG)
def test_jpeg_is_within_a_few_levels(decode: Decode, tmp_path: Path, kind: str) -> None:
    image, options = JPEG[kind]
    path = tmp_path / "photo.jpg"
    image.save(path, **options)
    ours, reference = decode(path, "--alpha").astype(int), load_image(path, alpha=True).astype(int)
    assert ours.shape == reference.shape
    difference = np.abs(ours - reference)
    if kind == "4:2:2":
        # Beside the right edge stb_image 2.30 weighs the colours of two columns the wrong way round.
        difference = np.delete(difference, 2 * ((difference.shape[1] + 1) // 2 - 1), axis=1)
    assert difference.max() <= JPEG_LARGEST, difference.max()
    assert difference.mean() <= JPEG_MEAN, difference.mean()


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_every_cut_is_refused(tool: Path, tmp_path: Path, form: str) -> None:
    content = encoded(RGB, form)
    path = tmp_path / "cut"
    for size in [*range(40), *range(40, len(content), len(content) // 23), len(content) - 1]:
        path.write_bytes(content[:size])
        answer, out = run(tool, path)
        assert answer.returncode == 2, size
        assert len(answer.stderr.splitlines()) == 1
        assert not out.exists()


def test_a_png_with_one_changed_byte_is_never_another_picture(decode: Decode, tool: Path, tmp_path: Path) -> None:
    content = encoded(RGB.crop((0, 0, 12, 9)), "PNG")
    path = tmp_path / "changed"
    path.write_bytes(content)
    whole = decode(path)
    rng = np.random.default_rng(1)
    for at in rng.integers(8, len(content), 60):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        answer, _ = run(tool, path)
        assert answer.returncode == 2 or (decode(path) == whole).all(), at


def test_what_unpacks_to_more_than_its_picture_is_refused_in_little_memory(tool: Path, tmp_path: Path) -> None:
    """200 MB of zeros behind one pixel."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(200 << 20)))
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb + chunk(b"IEND", b""))
    answer, _ = run(tool, path)
    assert answer.returncode == 2
    assert "cannot be read" in answer.stderr


@pytest.mark.parametrize(("width", "height"), [(40000, 2), (2, 40000), (30000, 30000), (0, 5)])
def test_sizes_are_bounded(tool: Path, tmp_path: Path, width: int, height: int) -> None:
    content = bytearray(encoded(RGB, "JPEG"))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    path = tmp_path / "large.jpg"
    path.write_bytes(content)
    answer, _ = run(tool, path)
    assert answer.returncode == 2
    assert "pixels" in answer.stderr


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xd9"])
def test_what_is_no_photo_is_refused(tool: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "none"
    path.write_bytes(content)
    answer, _ = run(tool, path)
    assert answer.returncode == 2
    assert str(path) in answer.stderr
