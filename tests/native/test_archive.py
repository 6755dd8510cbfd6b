"""A source distribution is unpacked below its folder, and nowhere else."""

import tarfile
from pathlib import Path

import pytest
from edgeworker.refusal import Refusal

from tests.converters.loading import load
from tests.native.fake_ncnn import packed

unpack = load("native", "archive").unpack


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def write(folder: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    path = folder / "source.tar.gz"
    path.write_bytes(packed(list(members)))
    return path


def test_its_top_folder(tmp_path: Path) -> None:
    archive = write(tmp_path, (member("ncnn-1/src/a.cpp"), b"int a;"))
    assert (unpack(archive, tmp_path / "to") / "src" / "a.cpp").read_bytes() == b"int a;"


@pytest.mark.parametrize(
    "bad",
    [
        member("../outside"),
        member("ncnn-1/../../outside"),
        member("ncnn-1/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("ncnn-1/hard", tarfile.LNKTYPE, "ncnn-1/a"),
        member("ncnn-1/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda one: one.name,
)
def test_what_leads_out_is_refused(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    archive = write(tmp_path, (member("ncnn-1/a"), b"a"), (bad, b""))
    with pytest.raises(Refusal):
        unpack(archive, tmp_path / "to" / "folder")
    assert not (tmp_path / "to" / "outside").exists()
    assert not (tmp_path / "outside").exists()


def test_two_top_folders_are_no_distribution(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="2 top folders"):
        unpack(write(tmp_path, (member("a/x"), b""), (member("b/x"), b"")), tmp_path / "to")


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    archive = write(tmp_path, (member("a/x"), b"0" * 100_000))
    archive.write_bytes(archive.read_bytes()[:-20])
    with pytest.raises(Refusal, match="cannot be unpacked"):
        unpack(archive, tmp_path / "to")


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load("native", "archive"), "MOST_BYTES", 1000)
    with pytest.raises(Refusal, match="more than"):
        unpack(write(tmp_path, (member("a/x"), b"0" * 2000)), tmp_path / "to")
