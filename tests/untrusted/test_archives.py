"""Archives may be anybody's: nothing is unpacked, nothing escapes, nothing small becomes large."""

import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.untrusted.archives import open_archive


def made_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def made_tar(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("make", [made_zip, made_tar])
def test_files_are_read_by_name_in_any_order(make, tmp_path: Path) -> None:
    archive = open_archive(make(tmp_path / "a", {"b/1.jpg": b"one", "a/2.jpg": b"two" * 9, "c/": b""}))
    assert archive.names[:2] == ["b/1.jpg", "a/2.jpg"]
    assert [archive.read(name, 100) for name in ("a/2.jpg", "b/1.jpg")] == [b"two" * 9, b"one"]
    archive.close()


@pytest.mark.parametrize("make", [made_zip, made_tar])
@pytest.mark.parametrize("name", ["../x.jpg", "/etc/x.jpg", "a/../../x.jpg", "a\\x.jpg"])
def test_a_name_that_leads_out_is_refused(make, name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names a file outside itself"):
        open_archive(make(tmp_path / "a", {"ok.jpg": b"", name: b"x"}))


@pytest.mark.parametrize("make", [made_zip, made_tar])
def test_a_file_is_bounded(make, tmp_path: Path) -> None:
    archive = open_archive(make(tmp_path / "a", {"x.jpg": bytes(range(256)) * (5 << 12)}))
    with pytest.raises(UsageError, match=r"x\.jpg in .* is too large for a photo: more than 4 MiB"):
        archive.read("x.jpg", 4 << 20)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = made_zip(tmp_path / "bomb.zip", {"x.jpg": bytes(50 << 20)})
    assert path.stat().st_size < 60_000
    with pytest.raises(UsageError, match=r"is a zip bomb: \d+ bytes that unpack to 52428800\. Photos do not"):
        open_archive(path)


def test_members_that_lie_over_each_other_are_a_bomb(tmp_path: Path) -> None:
    path = made_zip(tmp_path / "a.zip", {"a.jpg": b"x" * 3000, "b.jpg": b"y" * 3000}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    second = content.rfind(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<L", 40)  # where the second member's header lies
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"(zip bomb|damaged zip)"):
        open_archive(path)


def test_a_member_that_unpacks_to_more_than_it_says_is_not_read(tmp_path: Path) -> None:
    path = made_zip(tmp_path / "a.zip", {"a.jpg": b"x" * 3000})
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.find(signature)
        content[start + at : start + at + 4] = struct.pack("<L", 10)
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read"):
        open_archive(path).read("a.jpg", 100)


@pytest.mark.parametrize("size", [0, 3, 30, 200])
def test_a_zip_cut_short_is_refused(size: int, tmp_path: Path) -> None:
    path = made_zip(tmp_path / "a.zip", {"a.jpg": b"x" * 3000}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UsageError):
        open_archive(path)


def test_a_directory_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = made_zip(tmp_path / "a.zip", {"a.jpg": b"x"})
    content = bytearray(path.read_bytes())
    end = content.rfind(b"PK\x05\x06")
    content[end + 12 : end + 16] = struct.pack("<L", 1 << 30)
    path.write_bytes(content)
    with pytest.raises(UsageError, match="a zip with a directory of 1073741824 bytes"):
        open_archive(path)


def test_a_tar_header_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 3 << 30
    path = tmp_path / "a.tar"
    path.write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(2048))
    with pytest.raises(UsageError, match="damaged tar"):
        open_archive(path)


def test_links_and_devices_in_a_tar_are_no_files(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"{kind!r}.jpg".replace("\\", ""))
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        archive.addfile(tarfile.TarInfo("real.jpg"), io.BytesIO())
    assert open_archive(path).names == ["real.jpg"]


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("x.jpg"), io.BytesIO())
    with pytest.raises(UsageError, match=r"holds x\.jpg twice"):
        open_archive(path)


@pytest.mark.parametrize(("mode", "packer"), [("w:gz", "gzip"), ("w:bz2", "bzip2"), ("w:xz", "xz")])
def test_a_compressed_tar_says_what_to_do(mode: str, packer: str, tmp_path: Path) -> None:
    path = made_tar(tmp_path / "a.tar.x", {"x.jpg": b"x"}, mode)
    with pytest.raises(UsageError, match=rf"is packed with {packer}.*Unpack it, or give a zip or a plain tar"):
        open_archive(path)


def test_an_encrypted_member_and_an_odd_method_are_refused(tmp_path: Path) -> None:
    path = made_zip(tmp_path / "a.zip", {"x.jpg": b"x" * 10}, zipfile.ZIP_LZMA)
    with pytest.raises(UsageError, match=r"packs x\.jpg in a way"):
        open_archive(path)
    path = made_zip(tmp_path / "b.zip", {"x.jpg": b"x" * 10}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"is encrypted \(x\.jpg\)"):
        open_archive(path)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n")
    with pytest.raises(UsageError, match=r"x\.csv is neither a folder nor a zip nor a tar"):
        open_archive(tmp_path / "x.csv")
