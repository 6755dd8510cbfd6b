"""Zips from strangers: other names, links, bombs, lies about sizes; nothing leaves the folder, nothing has no end."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.untrusted.zip_of_known_files import unpack_zip

KNOWN = {"a.json": 1000, "b.bin": 1 << 20}


def unpack(tmp_path: Path, content: bytes) -> set[str]:
    path, folder = tmp_path / "in.zip", tmp_path / "out"
    path.write_bytes(content)
    folder.mkdir()
    return unpack_zip(path, KNOWN, folder, "device's report")


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


def linked(name: str, kind: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (kind | 0o777) << 16
    return entry


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_known_files_are_unpacked(tmp_path: Path, method: int) -> None:
    content = zipped(("a.json", b"{}"), (linked("b.bin", stat.S_IFREG), bytes(1 << 20)), method=method)
    assert unpack(tmp_path, content) == {"a.json", "b.bin"}
    assert (tmp_path / "out" / "a.json").read_bytes() == b"{}"
    assert (tmp_path / "out" / "b.bin").read_bytes() == bytes(1 << 20)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda: zipped(("../a.json", b"x")), '"../a.json", which belongs to none'),
        (lambda: zipped(("/etc/a.json", b"x")), "which belongs to none"),
        (lambda: zipped(("report/a.json", b"x")), "which belongs to none"),
        (lambda: zipped(("a.json_.exe", b"x")).replace(b"a.json_", b"a.json\0"), "which belongs to none"),
        (lambda: zipped(("a.json\x1b[31m", b"x")), '"a.json?[31m"'),
        (lambda: zipped((linked("a.json", stat.S_IFLNK), b"/etc/passwd")), "a.json is a link or a folder"),
        (lambda: zipped((linked("a.json", stat.S_IFIFO), b"")), "a.json is a link or a folder"),
        (lambda: zipped(("a.json", bytes(1001))), "a.json is larger than 0 KiB"),
        (lambda: zipped(("b.bin", bytes((1 << 20) + 1))), "b.bin is larger than 1 MiB"),
        (lambda: zipped(("a.json", b"x"), method=zipfile.ZIP_LZMA), "another method than deflate"),
        (lambda: zipped(*((f"{i}", b"") for i in range(65))), "more than 64 files"),
        (lambda: zipped(("a" * 60000, b""), ("b" * 60000, b"")), "their names take more than 64 KiB"),
        (lambda: zipped(("a.json", b"x")) + b"behind", "has something behind its end"),
        (lambda: zipped(("a.json", b"x"))[:-5], "is cut short"),
        (lambda: b"", "it is not a zip"),
        (lambda: b"PK\x05\x06" + bytes(17), "it is not a zip"),
        (lambda: bytes(5000), "it is not a zip"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: Callable[[], bytes], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        unpack(tmp_path, content())
    assert said in str(caught.value)
    assert str(caught.value).isprintable()
    assert list((tmp_path / "out").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zip", "out"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds a\.json twice"):
        unpack(tmp_path, zipped(("a.json", b"x"), ("a.json", b"y")))


def lying(content: bytes, size: int) -> bytes:
    """A zip whose only entry unpacks to something else than the `size` that it says; its checksum is right."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    name, crc = b"a.json", zlib.crc32(content)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 33, crc, len(packed), size, len(name), 0) + name + packed
    entry = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, len(packed), size, len(name), 0, 0, 0, 0, 0, 0
    )
    directory = entry + name
    return local + directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(directory), len(local), 0)


def test_a_bomb_is_unpacked_no_further_than_it_says(tmp_path: Path) -> None:
    assert len(lying(bytes(1 << 26), 900)) < 1 << 17
    with pytest.raises(UsageError, match=r"cannot be unpacked|not as large as it says"):
        unpack(tmp_path, lying(bytes(1 << 26), 900))
    assert sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) <= 900


def test_a_file_that_is_smaller_than_it_says_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not as large as it says"):
        unpack(tmp_path, lying(b"x", 900))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(("b.bin", bytes(range(256)) * 64), method=zipfile.ZIP_STORED))
    content[200] ^= 1
    with pytest.raises(UsageError, match="cannot be unpacked"):
        unpack(tmp_path, bytes(content))


def test_a_directory_that_lies_elsewhere_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(("a.json", b"x")))
    struct.pack_into("<L", content, len(content) - 6, 5)
    with pytest.raises(UsageError):
        unpack(tmp_path, bytes(content))


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_a_zip_that_is_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    content = zipped(("a.json", b"{}"))
    with pytest.raises(UsageError):
        unpack(tmp_path, content[: min(cut, len(content) - 1)])
