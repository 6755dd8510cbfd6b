"""What a shadow disagrees on reaches the user's folder whole or not at all, and nothing else does."""

import os
import shutil
from pathlib import Path

import pytest

from edgekit.serve.kept import Kept


@pytest.fixture
def output(tmp_path: Path) -> Path:
    (tmp_path / "output").mkdir()
    return tmp_path / "output"


def left(output: Path, name: str = "a.safetensors", content: bytes = b"tensors") -> str:
    (output / name).write_bytes(content)
    return name


def test_files_are_taken_up_to_the_bound(output: Path, tmp_path: Path) -> None:
    kept = Kept(output, tmp_path / "new" / "kept", 2)
    assert [kept.take(left(output, f"{number}.safetensors")) for number in range(3)] == [None] * 3
    assert sorted(one.name for one in (tmp_path / "new" / "kept").iterdir()) == ["0.safetensors", "1.safetensors"]
    assert (tmp_path / "new" / "kept" / "0.safetensors").read_bytes() == b"tensors"


def test_a_copy_that_breaks_off_leaves_nothing(output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one disk to another a file is copied: meanwhile the folder has nothing of its name."""
    folder, seen = tmp_path / "kept", []

    def half(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:3])
        seen.extend(one.name for one in folder.iterdir())
        raise OSError(5, "Input/output error")

    kept = Kept(output, folder, 5)
    with monkeypatch.context() as broken:
        broken.setattr(shutil, "move", half)
        assert kept.take(left(output)) == "Input/output error"
    assert [one.startswith(".a.safetensors.edgekit-") for one in seen] == [True]
    assert list(folder.iterdir()) == []
    assert kept.take(left(output)) is None
    assert [one.name for one in folder.iterdir()] == ["a.safetensors"]


def test_what_the_server_exchanges_at_the_last_moment_is_not_taken(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = shutil.move

    def exchanged(source: Path, target: Path) -> None:
        source.unlink()
        source.symlink_to(tmp_path / "secret")
        move(source, target)

    monkeypatch.setattr(shutil, "move", exchanged)
    assert Kept(output, tmp_path / "kept", 5).take(left(output)) == "what the server left is no file"
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_is_no_file_of_the_servers_stays_where_it_is(output: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    (output / "link").symlink_to(secret)
    (output / "folder").mkdir()
    os.mkfifo(output / "pipe")
    kept = Kept(output, tmp_path / "kept", 5)
    for name in ("link", "folder", "pipe", "absent", "../secret", str(secret), ".."):
        assert kept.take(name) is None
    assert not (tmp_path / "kept").exists()
    assert secret.read_text() == "mine"


def test_a_folder_that_takes_nothing_is_told_of(output: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    assert Kept(output, tmp_path / "kept", 5).take(left(output)) == "File exists"
