"""A hash is remembered, and never across a change."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from edgekit.filesystem import hashes_by_stat
from edgekit.filesystem.hashes_by_stat import remembered_sha256

SETTLE_SECONDS = 0.1


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read to be hashed."""
    files: list[Path] = []
    real = hashes_by_stat.file_sha256
    monkeypatch.setattr(hashes_by_stat, "file_sha256", lambda path: (files.append(path), real(path))[1])
    return files


def settled(file: Path, content: bytes) -> str:
    """Write a file, let the file system's clock go on, and return the hash."""
    file.write_bytes(content)
    time.sleep(SETTLE_SECONDS)
    return hashlib.sha256(content).hexdigest()


def test_a_file_is_read_once(tmp_path: Path, read: list[Path]) -> None:
    file = tmp_path / "file"
    digest = settled(file, b"one")
    for _ in range(3):
        assert remembered_sha256(file, tmp_path) == digest
    assert len(read) == 1


def test_a_change_of_the_same_size_with_its_time_set_back_is_seen(tmp_path: Path) -> None:
    """What a copying tool or a restored backup leaves; nobody can set the time of the change itself."""
    file = tmp_path / "file"
    digest = settled(file, b"one")
    assert remembered_sha256(file, tmp_path) == digest
    before = file.stat()
    with file.open("r+b") as stream:  # in place: the inode is the same
        stream.write(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert remembered_sha256(file, tmp_path) == hashlib.sha256(b"two").hexdigest()


def test_another_file_in_its_place_is_seen(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    settled(file, b"one")
    remembered_sha256(file, tmp_path)
    digest = settled(other, b"two")
    before = file.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)
    assert remembered_sha256(file, tmp_path) == digest


def test_a_file_just_written_is_not_remembered(tmp_path: Path, read: list[Path]) -> None:
    # Its next change might fall into the same tick of the file system's clock.
    file = tmp_path / "file"
    file.write_bytes(b"one")
    os.utime(file, (time.time() + 60, time.time() + 60))  # as if it were, however long this test takes
    remembered_sha256(file, tmp_path)
    remembered_sha256(file, tmp_path)
    assert len(read) == 2


def test_stamps_of_whole_seconds_settle_for_longer(tmp_path: Path, read: list[Path]) -> None:
    """A file system that stamps so would give a change a second later the same stamp."""
    file = tmp_path / "file"
    digest = settled(file, b"one")
    found = hashes_by_stat.hashed(file)
    size, mtime, _, inode, device = found.identity
    whole_second = found.began // 10**9 * 10**9 - 10**9
    for stamp, kept in ((whole_second, False), (whole_second + 1, True)):
        identity = (size, min(mtime, stamp), stamp, inode, device)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hashes_by_stat, "identity_of", lambda _, identity=identity: identity)
            hashes_by_stat.remember(file, hashes_by_stat.Hashed(digest, identity, found.began), tmp_path)
        assert hashes_by_stat.record_of(file, tmp_path).exists() == kept


def test_the_memory_of_another_file_is_not_taken(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    settled(one, b"1")
    digest = settled(two, b"2")
    remembered_sha256(one, tmp_path)
    hashes_by_stat.record_of(one, tmp_path).rename(hashes_by_stat.record_of(two, tmp_path))
    assert remembered_sha256(two, tmp_path) == digest
