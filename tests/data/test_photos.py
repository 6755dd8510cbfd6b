from pathlib import Path

import pytest

from edgekit.data.photos import find_photos
from edgekit.errors import UsageError


def test_folders_are_searched_and_files_taken_as_they_are(tmp_path: Path) -> None:
    for name in ("b.JPG", "a/c.png", "a/._c.png", ".hidden/d.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    odd = tmp_path / "notes.txt"
    assert find_photos([odd, tmp_path, tmp_path / "b.JPG"]) == [odd, tmp_path / "a/c.png", tmp_path / "b.JPG"]


def test_a_folder_of_a_hidden_folder_counts_when_it_is_named(tmp_path: Path) -> None:
    (tmp_path / ".photos").mkdir()
    (tmp_path / ".photos" / "a.webp").touch()
    assert find_photos([tmp_path / ".photos"]) == [tmp_path / ".photos" / "a.webp"]


def test_nothing_found_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no photo"):
        find_photos([tmp_path])
    with pytest.raises(UsageError, match="there is no photo"):
        find_photos([tmp_path / "absent.png"])
