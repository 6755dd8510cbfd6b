"""Every record of the cache, damaged in every way: it counts as absent and is made again, without a traceback."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.cache.kept import kept_file
from edgekit.cache.kept import record_of as kept_record_of
from edgekit.cache.lock import locked
from edgekit.cache.session import FOLDER as SESSIONS
from edgekit.cache.session import in_use, running_since
from edgekit.catalog import load_catalog
from edgekit.errors import ConversionError
from edgekit.filesystem.hashes_by_stat import record_of, remembered_sha256
from edgekit.matrix import record as matrix_record
from edgekit.matrix.cell import Cell
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.stage import Stage, StageFile
from edgekit.pipeline.store import RECORD, StageStore
from edgekit.reference import store as references
from edgekit.toolchain.environment import MARKER, Marker, environment_folder, ready_python
from edgekit.toolchain.script import Requirements
from edgekit.toolchain.worker import Toolchain
from edgekit.weights import download, official
from tests.cache.damage import WAYS, a_folder

Damage = Callable[[Path], None]
MODEL = load_catalog().find("ResNet18")

every_way = pytest.mark.parametrize("damage", WAYS, ids=lambda way: way.__name__)


@every_way
def test_the_record_of_a_stage(
    fake_worker: Path, unconfined: None, cache: Path, tmp_path: Path, damage: Damage
) -> None:
    calls, told = tmp_path / "calls", []
    calls.mkdir()
    first = Stage("fake/work.py", "the first", {}, {"text": "a", "calls": str(calls)})
    second = Stage("fake/work.py", "the second", {"x": StageFile(first, "out.txt")}, {"text": "b"})
    store = StageStore(cache / "stages", notify=told.append)
    executor = Executor(store, Toolchain(cache), cores=2)
    executor.run([second])
    damage(store.folder(first) / RECORD)
    result = executor.run([first]).result(first)
    assert (result.folder / "out.txt").read_text() == "a"
    assert len(list(calls.iterdir())) == 2
    assert told == ["the first: stage.json in the cache is damaged, and is made again"]
    assert executor.run([first]).result(first).cached


@every_way
def test_the_record_of_golden_inputs(tmp_path: Path, damage: Damage) -> None:
    path, told = tmp_path / "inputs" / "x.safetensors", []
    digest = kept_file(path, tmp_path, lambda: b"content", told.append)
    assert digest == hashlib.sha256(b"content").hexdigest()
    damage(kept_record_of(path))
    assert kept_file(path, tmp_path, lambda: b"content", told.append) == digest
    assert told == [f"{path} is damaged, and is made again"]
    assert kept_file(path, tmp_path, lambda: pytest.fail("made again"), told.append) == digest


@every_way
def test_golden_inputs_themselves(tmp_path: Path, damage: Damage) -> None:
    path, told = tmp_path / "inputs" / "x.safetensors", []
    digest = kept_file(path, tmp_path, lambda: b"content")
    damage(path)
    assert kept_file(path, tmp_path, lambda: b"content", told.append) == digest
    assert path.read_bytes() == b"content"
    assert len(told) == 1


@every_way
def test_a_remembered_hash(tmp_path: Path, damage: Damage) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    time.sleep(0.1)  # younger ones are not remembered
    digest = remembered_sha256(file, tmp_path)
    damage(record_of(file, tmp_path))
    assert remembered_sha256(file, tmp_path) == digest == hashlib.sha256(b"content").hexdigest()


def test_a_remembered_hash_of_another_value_is_damage_too(tmp_path: Path) -> None:
    """Well-formed and of the right types: only the seal tells."""
    file = tmp_path / "file"
    file.write_bytes(b"content")
    time.sleep(0.1)
    digest = remembered_sha256(file, tmp_path)
    record = record_of(file, tmp_path)
    record.write_text(record.read_text().replace(digest, "0" * 64))
    assert remembered_sha256(file, tmp_path) == digest


@every_way
def test_a_failed_download(tmp_path: Path, damage: Damage) -> None:
    for path in official._failures(MODEL, tmp_path):
        official.write_plain(path, official.Failure(time.time(), "no network"))
    assert "no network" in str(official.recent_failure(MODEL, tmp_path))
    for path in official._failures(MODEL, tmp_path):
        damage(path)
    assert official.recent_failure(MODEL, tmp_path) is None
    official.write_plain(official._failures(MODEL, tmp_path)[0], official.Failure(time.time(), "again"))
    assert "again" in str(official.recent_failure(MODEL, tmp_path))


@every_way
def test_the_record_of_a_download(tmp_path: Path, damage: Damage) -> None:
    path = official._path(MODEL, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    official.write_plain(official._record(path), official.Downloaded(str(MODEL.official_url), digest))
    assert official.cached_official(MODEL, tmp_path) == (path, digest)
    damage(official._record(path))
    assert official.cached_official(MODEL, tmp_path) is None


@every_way
def test_the_record_of_a_download_that_was_cut_off(tmp_path: Path, damage: Damage) -> None:
    part = download._Part(tmp_path / "x.part", "https://example.org/x", "etag", 100)
    part.path.write_bytes(b"half")
    part.save()
    damage(part.record)
    again = download._Part(part.path, part.url)
    again.load()
    assert (again.size, again.validator, again.total) == (0, None, None)
    again.save()


@every_way
def test_an_imported_reference(tmp_path: Path, damage: Damage) -> None:
    folder = references.imported_folder(tmp_path)
    folder.mkdir(parents=True)
    path = folder / f"bad{references.SUFFIX}"
    path.write_bytes(next(references.SHIPPED.glob(f"*{references.SUFFIX}")).read_bytes())
    whole = len(references.bundles(tmp_path))
    damage(path)
    assert len(references.bundles(tmp_path)) == whole - 1
    (bad,) = (one for one in references.stored(tmp_path) if one.path == path)
    assert bad.error is not None
    assert "bad" in str(bad.error)


@every_way
def test_the_record_of_a_cell(tmp_path: Path, damage: Damage) -> None:
    cell = Cell(
        model="M", family="F", architecture="A", parameters=1, input_size=64, target="onnx", weights="demo", key="k",
        made="now", status="passed",
    )  # fmt: skip
    record = matrix_record.Record(cell, {"M.onnx": (1, 2)})
    matrix_record.write_record(tmp_path, record)
    assert matrix_record.read_record(tmp_path, "M", "onnx") == record
    damage(matrix_record.record_path(tmp_path, "M", "onnx"))
    assert matrix_record.read_record(tmp_path, "M", "onnx") is None
    if damage is a_folder:  # in the user's own folder nothing is cleared away that edgekit did not write
        with pytest.raises(ConversionError, match=r"onnx\.json could not be written"):
            matrix_record.write_record(tmp_path, record)
    else:
        matrix_record.write_record(tmp_path, record)
        assert matrix_record.read_record(tmp_path, "M", "onnx") == record


@every_way
def test_the_marker_of_a_toolchain(tmp_path: Path, damage: Damage) -> None:
    requirements = Requirements(tmp_path / "environment.py", ">=3.10", ("six==1.17.0",), "d" * 64)
    folder = environment_folder(requirements, tmp_path)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    official.write_plain(folder / MARKER, Marker("/usr/bin/python3", ("six==1.17.0",)))
    assert ready_python(requirements, tmp_path) == folder / "bin" / "python"
    damage(folder / MARKER)
    assert ready_python(requirements, tmp_path) is None


@every_way
def test_a_lock(tmp_path: Path, damage: Damage) -> None:
    path = tmp_path / "locks" / "x.lock"
    with locked(path):
        pass
    path.touch()
    damage(path)
    with locked(path):
        assert path.exists()


@every_way
def test_the_lock_of_a_running_edgekit(tmp_path: Path, damage: Damage) -> None:
    path = tmp_path / SESSIONS / "1-dead.lock"
    path.parent.mkdir(parents=True)
    path.touch()
    damage(path)
    assert running_since(tmp_path) is None
    with in_use(tmp_path):
        assert running_since(tmp_path) is not None
