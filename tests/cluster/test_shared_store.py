"""What machines share: nobody finds half of a file, and nothing is taken that is not what its name says."""

import errno
import hashlib
import os
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from edgekit.cluster.shared_store import LAYOUT, SharedStore
from edgekit.errors import AbsentError, ConversionError, DiskFullError, UsageError
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
    files, root = store._place
    return sorted(files.find(root))


def overwrite(store: SharedStore, end: str, content: bytes) -> None:
    files, _ = store._place
    (place,) = [one for one in objects(store) if one.endswith(end)]
    files.pipe_file(place, content)


def test_what_is_put_is_taken(store: SharedStore, tmp_path: Path) -> None:
    store.check()
    path, facts = made(tmp_path, b"weights" * 400_000)
    assert store.put(path) == facts
    assert store.put(path, facts.sha256) == facts
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
    files, _ = store._place

    def half(local: str, remote: str) -> None:
        files.pipe_file(remote, Path(local).read_bytes()[:3000])
        raise OSError("the line is cut")

    monkeypatch.setattr(files, "put_file", half)
    with pytest.raises(ConversionError, match="does not answer: the line is cut"):
        store.put(path, facts.sha256)
    assert objects(store) == []
    monkeypatch.undo()
    # So does one that was killed, which cannot clear away.
    files.pipe_file(f"{store._place[1]}/objects/{facts.sha256[:2]}/{facts.sha256}.1234.part", b"half")
    with pytest.raises(Damaged):
        store.take(facts, tmp_path / "taken")
    store.put(path, facts.sha256)
    store.take(facts, tmp_path / "whole")


def failing(code: int) -> OSError:
    return OSError(code, os.strerror(code), "far/away")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_store_is_named_and_not_this_machines_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    store = SharedStore(f"memory://user:secret@{uuid.uuid4().hex}")
    path, facts = made(tmp_path, b"weights")
    files, _ = store._place

    def full(*_: object, **__: object) -> None:
        raise failing(code)

    monkeypatch.setattr(files, "put_file", full)
    monkeypatch.setattr(files, "pipe_file", full)
    for call in (lambda: store.put(path, facts.sha256), lambda: store.keep("notes/one", Note("here")), store.check):
        with pytest.raises(DiskFullError) as caught:
            call()
        assert caught.value.message == f"the shared store {store.shown} is full ({os.strerror(code)})"
        assert "secret" not in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_a_disk_of_this_machine_that_is_full_is_named_and_not_the_store(
    store: SharedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, facts = made(tmp_path, b"weights")
    store.put(path)
    target = tmp_path / "taken"
    opened = Path.open

    def full(self: Path, *arguments: Any, **options: Any) -> Any:
        if self == target:
            raise failing(errno.ENOSPC)
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DiskFullError, match="the disk is full: nothing more can be written to") as caught:
        store.take(facts, target)
    assert str(target) in caught.value.message and store.shown not in str(caught.value)


def test_a_bucket_that_is_not_there_is_one_sentence(
    store: SharedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = made(tmp_path, b"weights")
    files, _ = store._place

    def absent(*_: object, **__: object) -> None:
        raise FileNotFoundError("The specified bucket does not exist")

    # As s3fs does it: what is absent is said of files and of their places alike.
    for name in ("makedirs", "size"):
        monkeypatch.setattr(files, name, absent)
    for call in (store.check, lambda: store.put(path), lambda: store.keep("notes/one", Note("here"))):
        with pytest.raises(ConversionError) as caught:
            call()
        assert caught.value.message == (
            f"the shared store {store.shown} does not answer: The specified bucket does not exist"
        )


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
