"""What machines share: nobody finds half of a file, and nothing is taken that is not what its name says."""

import hashlib
import threading
import uuid
from pathlib import Path

import pytest
from msgspec import Struct

from edgekit.cluster.shared_store import LAYOUT, SharedStore
from edgekit.errors import AbsentError, ConversionError, UsageError
from edgekit.pipeline.store import Damaged, FileFacts


class Note(Struct, frozen=True):
    text: str


def made(folder: Path, content: bytes) -> tuple[Path, FileFacts]:
    path = folder / "made"
    path.write_bytes(content)
    return path, FileFacts(hashlib.sha256(content).hexdigest(), len(content))


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SharedStore:
    place = (tmp_path / "shared").as_uri() if request.param == "file" else f"memory://{uuid.uuid4().hex}"
    return SharedStore(place)


def objects(store: SharedStore) -> list[str]:
    files, root = store._place()
    return sorted(files.find(root))


def overwrite(store: SharedStore, end: str, content: bytes) -> None:
    files, _ = store._place()
    (place,) = [one for one in objects(store) if one.endswith(end)]
    files.pipe_file(place, content)


def test_what_is_put_is_taken(store: SharedStore, tmp_path: Path) -> None:
    store.check()
    path, facts = made(tmp_path, b"weights" * 400_000)
    store.put(path, facts.sha256)
    store.put(path, facts.sha256)
    store.take(facts, tmp_path / "taken")
    assert (tmp_path / "taken").read_bytes() == path.read_bytes()
    assert not [one for one in objects(store) if one.endswith(".part")]
    assert not store.has("notes/one")
    store.keep("notes/one", Note("here"))
    assert store.has("notes/one") and store.record("notes/one", Note) == Note("here")
    store.drop("notes/one")
    store.drop("notes/one")
    assert store.record("notes/one", Note) is None
    with pytest.raises(Damaged):
        store.take(FileFacts("0" * 64, 3), tmp_path / "absent")


@pytest.mark.parametrize("damage", [b"weighty", b"weight", b"weights and more", b""])
def test_a_damaged_file_is_not_taken_and_goes(store: SharedStore, tmp_path: Path, damage: bytes) -> None:
    path, facts = made(tmp_path, b"weights")
    store.put(path, facts.sha256)
    overwrite(store, facts.sha256, damage)
    with pytest.raises(Damaged):
        store.take(facts, tmp_path / "taken")
    # Whoever has it puts it there again.
    store.put(path, facts.sha256)
    store.take(facts, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == b"weights"


def test_a_file_that_never_ends_is_not_read_to_its_end(store: SharedStore, tmp_path: Path) -> None:
    path, facts = made(tmp_path, b"weights")
    store.put(path, facts.sha256)
    overwrite(store, facts.sha256, bytes(20 << 20))
    with pytest.raises(Damaged):
        store.take(facts, tmp_path / "taken")
    assert (tmp_path / "taken").stat().st_size <= 1 << 20


@pytest.mark.parametrize("damage", [b"", b"{", b'{"kind": "Note", "record": {"text": "forged"}}', bytes(17 << 20)])
def test_a_record_that_is_none_is_not_there(store: SharedStore, damage: bytes) -> None:
    told: list[str] = []
    store = SharedStore(store.url, told.append)
    store.keep("notes/one", Note("here"))
    overwrite(store, "one.json", damage)
    assert store.record("notes/one", Note) is None
    assert "is damaged, and is made again: notes/one" in told[0]
    assert not store.has("notes/one")


def test_an_upload_that_breaks_leaves_nothing_to_be_found(
    store: SharedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, facts = made(tmp_path, b"weights" * 1000)
    files, _ = store._place()

    def half(local: str, remote: str) -> None:
        files.pipe_file(remote, Path(local).read_bytes()[:3000])
        raise OSError("the line is cut")

    monkeypatch.setattr(files, "put_file", half)
    with pytest.raises(ConversionError, match="does not answer: the line is cut"):
        store.put(path, facts.sha256)
    assert objects(store) == []
    monkeypatch.undo()
    # So does one that was killed, which cannot clear away.
    files.pipe_file(f"{store._place()[1]}/objects/{facts.sha256[:2]}/{facts.sha256}.1234.part", b"half")
    with pytest.raises(Damaged):
        store.take(facts, tmp_path / "taken")
    store.put(path, facts.sha256)
    store.take(facts, tmp_path / "whole")


def test_two_writers_of_one_file(store: SharedStore, tmp_path: Path) -> None:
    path, facts = made(tmp_path, b"weights" * 100_000)
    errors: list[BaseException] = []

    def put() -> None:
        try:
            store.put(path, facts.sha256)
            store.keep("notes/same", Note("here"))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=put) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    store.take(facts, tmp_path / "taken")
    assert store.record("notes/same", Note) == Note("here")
    assert len(objects(store)) == 2


def test_what_is_no_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--store nowhere://x is no place"):
        SharedStore("nowhere://x").check()
    with pytest.raises(AbsentError, match="needs a package"):
        SharedStore("gs://user:secret@bucket/x").check()
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ConversionError, match="does not answer"):
        SharedStore(file.as_uri()).check()
    assert SharedStore("ftp://user:secret@host/x").shown == "ftp://host/x"
    assert LAYOUT == "edgekit-1"
