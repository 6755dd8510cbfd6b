"""What one machine has made is a hit on another, and no less checked than its own."""

import threading
from pathlib import Path

import msgspec
import pytest

from conftest import new_cache
from edgekit.cache.record import read_record, write_record
from edgekit.cluster.parcel import SentFile, SentStage, can_travel, received, send, unpacked
from edgekit.cluster.shared_store import SharedStore
from edgekit.cluster.sharing_store import SharedStage, SharingStore, place_of, safe_name
from edgekit.cluster.stage_task import StageOrder, make_stage
from edgekit.errors import AbsentError, ConversionError
from edgekit.filesystem import hashes_by_stat
from edgekit.filesystem.hashing import file_sha256
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.store import Damaged, FileFacts, MadeStage
from edgekit.toolchain.worker import Toolchain


class Machine:
    """An executor with a cache of its own, on a store that others have too."""

    def __init__(self, folder: Path, name: str) -> None:
        cache = folder / name
        new_cache(cache)
        self.told: list[str] = []
        shared = SharedStore((folder / "shared").as_uri(), self.told.append)
        self.store = SharingStore(cache / "stages", self.told.append, shared=shared)
        self.executor = Executor(self.store, Toolchain(cache), cores=2)

    def make(self, stage: Stage) -> bool:
        """Make a stage and give it to the others; whether it was there already."""
        result = self.executor.run([stage]).result(stage)
        self.store.give(stage.name, result)
        return result.cached


@pytest.fixture
def one(fake_worker: Path, tmp_path: Path) -> Machine:
    return Machine(tmp_path, "one")


@pytest.fixture
def two(fake_worker: Path, tmp_path: Path) -> Machine:
    return Machine(tmp_path, "two")


def stage(text: str, **inputs: SourceFile | StageFile) -> Stage:
    return Stage("fake/work.py", f"test of {text}", inputs, {"text": text})


def shared_object(tmp_path: Path, sha256: str) -> Path:
    (found,) = (tmp_path / "shared").rglob(sha256)
    return found


def test_what_one_machine_made_is_a_hit_on_another(one: Machine, two: Machine) -> None:
    made = stage("a")
    assert not one.make(made)
    assert two.make(made)
    folder = two.store.folder(made)
    assert (folder / "out.txt").read_text() == "a"
    assert (folder / "worker.log").exists()
    assert two.store.made == {made.key}  # its cache has grown
    # What came from elsewhere is checked as its own: one that was damaged later comes again.
    (folder / "out.txt").write_text("b")
    assert two.make(made) and (folder / "out.txt").read_text() == "a"
    # And it is its own: the store may go.
    two.store.shared.drop(place_of(made.name, made.key))
    assert two.make(made)


def test_what_is_taken_is_hashed_on_its_way_and_not_again(
    one: Machine, two: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stage("a")
    one.make(made)
    read: list[Path] = []
    monkeypatch.setattr(hashes_by_stat, "file_sha256", lambda path: read.append(path) or file_sha256(path))
    taken = two.store.find(made)
    assert taken is not None and taken.folder == two.store.folder(made) and taken.cached
    assert read == []
    # The next one finds it on the disk, and says the same.
    assert two.store.find(made) == taken
    assert read == [two.store.folder(made) / "out.txt"]


def test_a_copy_that_another_was_faster_with_is_the_others(one: Machine, two: Machine) -> None:
    made = stage("a")
    one.make(made)
    shared = two.store.find(made)
    # Made twice, it need not be the same: what lies in the place counts.
    folder = two.store.folder(made)
    (folder / "out.txt").write_text("another")
    facts = FileFacts(file_sha256(folder / "out.txt"), 7)
    record = read_record(folder / "stage.json", MadeStage)
    assert record is not None
    write_record(folder / "stage.json", msgspec.structs.replace(record, files={"out.txt": facts}))
    taken = two.store.take(made.name, made.key)
    assert taken is not None and shared is not None
    assert taken.files == {"out.txt": {"sha256": facts.sha256, "bytes": 7}} != shared.files


def test_a_stage_as_a_task_asks_once_for_what_nobody_has(
    one: Machine, two: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("record", "has"):
        call = getattr(SharedStore, name)
        monkeypatch.setattr(
            SharedStore, name, lambda self, *rest, name=name, call=call: asked.append(name) or call(self, *rest)
        )
    monkeypatch.setenv("EDGEKIT_CACHE", str(one.store.cache))
    made = stage("a")
    order = StageOrder(made, made.key, one.store.shared.url, offline=False)
    assert make_stage(order).value is False
    assert asked == ["record", "has"]  # before it is made, and before it is put there
    assert make_stage(order).value is True
    assert two.make(made)
    # An edgekit that would make something else says so.
    reply = make_stage(StageOrder(made, "f" * 64, order.url, offline=False))
    with pytest.raises(AbsentError, match="would make another fake/work than the machine that asks for it"):
        reply.result(two.store.cache)


@pytest.mark.parametrize("damage", [b"x", b"", None])
def test_what_was_damaged_in_the_store_is_made_again(
    one: Machine, two: Machine, tmp_path: Path, damage: bytes | None
) -> None:
    made = stage("a")
    one.make(made)
    path = shared_object(tmp_path, one.store.find(made).files["out.txt"]["sha256"])  # type: ignore[union-attr]
    path.unlink() if damage is None else path.write_bytes(damage)
    assert not two.make(made)
    assert "is damaged" in two.told[0] and "is made again" in two.told[0]
    assert not list((tmp_path / "two" / "scratch").glob("*/"))
    assert Machine(tmp_path, "three").make(made)


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", "stage.json", "worker.log/x", ""])
def test_a_record_cannot_write_elsewhere(one: Machine, two: Machine, tmp_path: Path, name: str) -> None:
    made = stage("a")
    one.make(made)
    place = place_of(made.name, made.key)
    record = one.store.shared.record(place, SharedStage)
    assert record is not None
    forged = msgspec.structs.replace(record.made, files={name: record.made.files["out.txt"]})
    one.store.shared.keep(place, SharedStage(forged, record.log))
    with pytest.raises(Damaged):
        safe_name(name)
    assert not two.make(made)
    assert not (tmp_path / "outside").exists() and not list((tmp_path / "two").rglob("outside"))


def test_a_record_of_another_stage_is_none(one: Machine, two: Machine) -> None:
    made, other = stage("a"), stage("b")
    one.make(made)
    record = one.store.shared.record(place_of(made.name, made.key), SharedStage)
    one.store.shared.keep(place_of(other.name, other.key), record)
    assert not two.make(other)
    assert (two.store.folder(other) / "out.txt").read_text() == "b"


def test_half_an_upload_is_nothing(one: Machine, two: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stage("a")
    with monkeypatch.context() as patch:
        patch.setattr(SharedStore, "keep", lambda *_: (_ for _ in ()).throw(ConversionError("the line is cut")))
        with pytest.raises(ConversionError):
            one.make(made)
    assert not two.make(made)  # the files are there, and no record says so
    assert Machine(two.store.cache.parent, "three").make(made)


def test_two_takers_in_one_cache(one: Machine, two: Machine) -> None:
    made = stage("a")
    one.make(made)
    found: list[bool] = []
    takers = [threading.Thread(target=lambda: found.append(two.store.find(made) is not None)) for _ in range(6)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert found == [True] * 6


def test_a_stage_and_its_inputs_travel(one: Machine, two: Machine, tmp_path: Path) -> None:
    path = tmp_path / "weights.txt"
    path.write_text("w")
    first = stage("a")
    one.make(first)
    folder = one.store.folder(first)
    weights = SourceFile(path, "made of something else", file_sha256(path))
    made = stage("b", x=weights, y=StageFile(first, "out.txt"))
    assert can_travel(made, one.store.root)
    sent = send(weights, one.store)
    assert isinstance(sent, SentFile)
    arrived = unpacked(made, {"x": sent}, two.store)
    assert arrived.key == made.key
    received_at = arrived.inputs["x"]
    assert isinstance(received_at, SourceFile) and received_at.path.is_relative_to(two.store.cache)
    assert not two.make(arrived)
    assert (two.store.folder(made) / "out.txt").read_text() == "wab"
    # A file that came and was changed since comes again; one that is gone from the store is said.
    received_at.path.write_text("v")
    assert received(sent, two.store).read_text() == "w"
    received_at.path.unlink()
    shared_object(tmp_path, sent.facts.sha256).unlink()
    with pytest.raises(ConversionError, match=r"weights\.txt has gone from file:"):
        received(sent, two.store)
    # So does a stage's output as a whole; a folder of a user's does not.
    whole = stage("c", x=SourceFile(folder, first.key))
    assert can_travel(whole, one.store.root)
    sent = send(whole.inputs["x"], one.store)  # type: ignore[arg-type]
    assert sent == SentStage("fake/work", first.key)
    assert received(sent, two.store) == two.store.folder(first)
    library = tmp_path / "library"
    library.mkdir()
    assert not can_travel(stage("d", x=SourceFile(library, "f" * 64)), one.store.root)
    path.write_text("changed")
    with pytest.raises(ConversionError, match="has changed since"):
        send(weights, one.store)
