"""A disk that is full, a real one: one sentence that names it, nothing half-written, and it heals."""

import os
import pickle
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edgekit.cache.kept import kept_file
from edgekit.cache.lock import locked
from edgekit.cache.session import in_use
from edgekit.catalog import load_catalog
from edgekit.errors import DiskFullError
from edgekit.filesystem.hashes_by_stat import remembered_sha256
from edgekit.weights import resolve_weights


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB and 24 files."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=24", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here: it needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def remember(disk: Path, mine: Path) -> None:
    file = mine / "file"
    file.write_bytes(b"content")
    time.sleep(0.1)
    remembered_sha256(file, disk)


def keep_inputs(disk: Path, mine: Path) -> None:
    kept_file(disk / "inputs" / "x.safetensors", disk, lambda: bytes(8000))


def prepare_weights(disk: Path, mine: Path) -> None:
    file = mine / "my.pdparams"
    file.write_bytes(pickle.dumps({"w": np.ones(2000, np.float32)}, 4))
    resolve_weights(load_catalog().find("ResNet18"), str(file), disk)


def hold_a_lock(disk: Path, mine: Path) -> None:
    with locked(disk / "locks" / "x.lock"), in_use(disk):
        pass


@pytest.mark.parametrize("lacks", ["space", "files"])
@pytest.mark.parametrize("write", [remember, keep_inputs, prepare_weights, hold_a_lock], ids=lambda one: one.__name__)
def test_a_full_disk(disk: Path, tmp_path: Path, write: Callable[[Path, Path], None], lacks: str) -> None:
    filler = disk / "filler"
    filler.mkdir()
    try:
        for number in range(1000):
            (filler / str(number)).write_bytes(bytes(4096 if lacks == "space" else 0))
    except OSError as error:
        assert "No space left" in str(error)
    before = {path for path in disk.rglob("*") if path.is_file() and path.suffix != ".lock"}
    if write is hold_a_lock and lacks == "space":
        write(disk, tmp_path)  # an empty file takes none
        return
    with pytest.raises(DiskFullError) as caught:
        write(disk, tmp_path)
    assert caught.value.exit_status == 4
    assert "the disk is full" in caught.value.message
    assert f"(the disk at {disk})" in caught.value.message
    assert {path for path in disk.rglob("*") if path.is_file() and path.suffix != ".lock"} == before
    for path in filler.iterdir():
        path.unlink()
    write(disk, tmp_path)
