"""What lies in the stage store is checked when it is used."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.cache.session import FOLDER as SESSIONS
from edgekit.cache.session import in_use, running_since
from edgekit.errors import ConversionError
from edgekit.filesystem.hashing import file_sha256
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.store import RECORD, StageStore
from edgekit.toolchain.worker import Toolchain


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def executor(fake_worker: Path, cache: Path, told: list[str]) -> Executor:
    return Executor(StageStore(cache / "stages", notify=told.append), Toolchain(cache), cores=2)


def stage(text: str, **inputs: SourceFile | StageFile) -> Stage:
    return Stage("fake/work.py", f"test of {text}", inputs, {"text": text})


def output(executor: Executor, made: Stage) -> Path:
    return executor.store.folder(made) / "out.txt"


def damage(path: Path) -> None:
    """Change one byte in place; size, inode and the time of the content stay as they were."""
    before, content = path.stat(), path.read_bytes()
    with path.open("r+b") as stream:
        stream.write(bytes([content[0] ^ 0x80]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def test_a_changed_byte_is_made_good_with_one_line(executor: Executor, told: list[str]) -> None:
    made = stage("whole")
    assert not executor.run([made]).result(made).cached
    assert executor.run([made]).result(made).cached  # and its hash is remembered
    damage(output(executor, made))
    assert not executor.run([made]).result(made).cached
    assert output(executor, made).read_text() == "whole"
    assert told == ["test of whole: out.txt in the cache is damaged, and is made again"]


def test_nothing_is_made_from_damaged_content(executor: Executor) -> None:
    first = stage("a")
    executor.run([first])
    damage(output(executor, first))
    second = stage("b", x=StageFile(first, "out.txt"))
    executor.run([second])
    assert output(executor, second).read_text() == "ab"


@pytest.mark.parametrize("how", ["link", "removed", "folder", "longer"])
def test_what_is_not_the_file_that_was_made_is_made_again(executor: Executor, tmp_path: Path, how: str) -> None:
    made = stage("whole")
    executor.run([made])
    path = output(executor, made)
    if how == "longer":
        path.write_text("whole and more")
    else:
        path.rename(tmp_path / "out.txt")
    if how == "link":
        path.symlink_to(tmp_path / "out.txt")
    if how == "folder":
        path.mkdir()
    executor.run([made])
    assert path.read_text() == "whole"
    assert not path.is_symlink()


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_lies_in_the_place_of_a_stage_is_replaced(executor: Executor, tmp_path: Path, kind: str) -> None:
    made, elsewhere = stage("whole"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").touch()
    folder = executor.store.folder(made)
    folder.parent.mkdir(parents=True)
    folder.touch() if kind == "file" else folder.symlink_to(elsewhere)
    executor.run([made])
    assert output(executor, made).read_text() == "whole"
    assert [path.name for path in elsewhere.iterdir()] == ["mine"]


def test_the_output_of_another_stage_is_not_taken(executor: Executor) -> None:
    one, other = stage("one"), stage("other")
    executor.run([one])
    shutil.copytree(executor.store.folder(one), executor.store.folder(other))
    executor.run([other])
    assert output(executor, other).read_text() == "other"


def test_a_record_cannot_name_files_elsewhere(executor: Executor, tmp_path: Path) -> None:
    from edgekit.cache.record import read_record, write_record
    from edgekit.pipeline.store import FileFacts, MadeStage

    made = stage("whole")
    executor.run([made])
    record = executor.store.folder(made) / RECORD
    known = read_record(record, MadeStage)
    assert known is not None
    mine = tmp_path / "mine"
    mine.write_text("mine")
    for name in (str(mine), os.path.relpath(mine, record.parent)):
        fields = {field: getattr(known, field) for field in known.__struct_fields__}
        facts = FileFacts(file_sha256(mine), mine.stat().st_size)
        write_record(record, MadeStage(**{**fields, "files": {name: facts}}))
        assert executor.store.find(made) is None


def test_an_input_that_changed_since_it_was_hashed_is_refused(executor: Executor, tmp_path: Path) -> None:
    """A training that saves over the weights while they wait: the key is of the old ones."""
    file = tmp_path / "weights"
    file.write_text("old")
    made = stage("x", x=SourceFile(file, file_sha256(file)))
    file.write_text("new")
    outcome = executor.run([made]).by_key[made.key]
    assert isinstance(outcome, ConversionError)
    assert f"{file} has changed since this command began" in outcome.message
    assert executor.store.find(made) is None


def test_an_input_that_changes_while_it_is_read_is_refused(
    executor: Executor, tmp_path: Path, unconfined: None
) -> None:
    file = tmp_path / "weights"
    file.write_text("old")
    options = {"text": "x", "overwrite": str(file)}
    made = Stage("fake/work.py", "test of x", {"x": SourceFile(file, file_sha256(file))}, options)
    outcome = executor.run([made]).by_key[made.key]
    assert isinstance(outcome, ConversionError)
    assert f"{file} has changed" in outcome.message
    assert executor.store.find(made) is None


@pytest.mark.parametrize("end", ["removes", "killed"])
def test_what_another_process_uses_is_removed_by_the_last_that_does(executor: Executor, cache: Path, end: str) -> None:
    made, unused = stage("both"), stage("one")
    executor.run([made, unused])
    code = (
        "import sys; from pathlib import Path; from edgekit.cache.session import *; cache = Path(sys.argv[1])\n"
        "with in_use(cache):\n"
        "    claim(cache, sys.argv[2]); print('ready', flush=True); input()\n"
        "    release(cache, sys.argv[2]); print('ready', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(cache), made.key]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other, in_use(cache):
        assert other.stdin is not None and other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert executor.store.find(made) is not None
        executor.store.remove(unused)
        executor.store.remove(made)
        assert executor.store.find(unused) is None
        assert executor.store.find(made) is not None
        if end == "killed":
            other.kill()
            other.wait()
        else:
            print(file=other.stdin, flush=True)
            assert other.stdout.readline() == "ready\n"
        executor.store.remove(made)
        assert executor.store.find(made) is None
        other.kill()
        other.wait()
        assert running_since(cache) is not None  # this process
    assert running_since(cache) is None
    assert list((cache / SESSIONS).iterdir()) == []
