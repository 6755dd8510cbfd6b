"""Photos that a model is calibrated on are found among those that it is evaluated on, by reading few of them."""

import tarfile
import zipfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.evaluate.dataset import Photo
from edgekit.evaluate.opened import hashes_of
from edgekit.evaluate.storage import open_storage


def photo(name: str, content: bytes, read: list[str]) -> Photo:
    def noted() -> bytes:
        read.append(name)
        return content

    return Photo(name, None, noted, lambda: len(content))


def test_only_photos_of_a_size_that_occurs_are_read() -> None:
    read: list[str] = []
    photos = [photo("a.jpg", b"1", read), photo("b.jpg", b"22", read), photo("c.jpg", b"333", read)]
    assert hashes_of(photos, {2, 4}) == {"b.jpg": sha256(b"22").hexdigest()}
    assert read == ["b.jpg"]
    assert hashes_of(photos, set()) == {}
    assert read == ["b.jpg"]


def test_one_that_is_gone_is_passed_over() -> None:
    def gone() -> int:
        raise UsageError("a.jpg cannot be read: No such file or directory")

    assert hashes_of([Photo("a.jpg", None, bytes, gone)], {0}) == {}


@pytest.fixture(params=["folder", "zip", "tar"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder or an archive with `a/1.jpg` of 1,000 bytes."""
    folder, archive = tmp_path / "photos", tmp_path / f"photos.{request.param}"
    (folder / "a").mkdir(parents=True)
    photo = folder / "a" / "1.jpg"
    photo.write_bytes(bytes(1000))
    match request.param:
        case "zip":
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
                packed.write(photo, "a/1.jpg")
        case "tar":
            with tarfile.open(archive, "w") as packed:
                packed.add(photo, "a/1.jpg")
        case _:
            return folder
    return archive


def test_a_photos_size_is_that_of_what_is_read(place: Path) -> None:
    with closing(open_storage(place)) as storage:
        assert storage.size("a/1.jpg") == len(storage.read("a/1.jpg", 1 << 20)) == 1000


def test_a_folder_says_which_photo_is_gone(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)
    with pytest.raises(UsageError, match=r"1\.jpg cannot be read: No such file"):
        storage.size("1.jpg")
