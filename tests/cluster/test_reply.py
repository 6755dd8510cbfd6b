"""What comes of a task on another machine reaches the user as if it had been here."""

import errno
import os
import pickle
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.cluster import reply
from edgekit.cluster.reply import Reply, answered
from edgekit.errors import AbsentError, ConversionError, DiskFullError, EdgekitError, OperatorError, WorkerError
from edgekit.pipeline.store import StageStore

HOST = platform.node()


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def answer(tmp_path: Path, work: Callable[[], object]) -> Reply[object]:
    """What arrives of it."""
    return pickle.loads(pickle.dumps(answered(StageStore(tmp_path / "there" / "stages"), ["a line"], work)))


def error_of(tmp_path: Path, error: BaseException) -> EdgekitError:
    with pytest.raises(EdgekitError) as caught:
        answer(tmp_path, raising(error)).result(tmp_path / "here")
    return caught.value


@pytest.mark.parametrize("value", [True, False, 0, "made"])
def test_a_value_arrives(tmp_path: Path, value: object) -> None:
    found = answer(tmp_path, lambda: value)
    assert found.result(tmp_path / "here") == value
    assert (found.host, found.said) == (HOST, ["a line"])


@pytest.mark.parametrize("kind", [AbsentError, ConversionError, OperatorError, WorkerError])
def test_an_error_keeps_its_kind_and_its_way_out(tmp_path: Path, kind: type[EdgekitError]) -> None:
    found = error_of(tmp_path, kind("the layer Foo is unknown", "Use another target."))
    assert type(found) is kind
    assert (found.message, found.remedy) == ("the layer Foo is unknown", "Use another target.")


def test_an_error_of_a_newer_edgekit_is_one_that_is_known(tmp_path: Path) -> None:
    found = Reply("far", None, "NewerError", "it is new", "Update.")
    with pytest.raises(ConversionError, match="it is new"):
        found.result(tmp_path)


def test_a_log_comes_with_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "LONGEST_LOG", 8)
    log = tmp_path / "there" / "logs" / "fake-work-0123.log"
    log.parent.mkdir(parents=True)
    log.write_text("long before\nthe end\n")
    log.with_name("another.log").write_text("of another stage")
    found = error_of(tmp_path, WorkerError("it crashed", f"Its log is {log}."))
    kept = tmp_path / "here" / "logs" / log.name
    assert found.remedy == f"Its log is {kept}."
    assert kept.read_text() == "the end\n"
    assert [path.name for path in kept.parent.iterdir()] == [log.name]


def test_a_full_disk_is_that_of_the_machine(tmp_path: Path) -> None:
    raw = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "far/away")
    for error in (raw, DiskFullError("the disk is full: nothing more can be written to /x", "Free some space.")):
        found = error_of(tmp_path, error)
        assert type(found) is DiskFullError
        assert found.message.startswith(f"{HOST}: the disk is full: nothing more can be written to /")
        assert "Free some space" in found.remedy


def test_a_system_error_names_the_machine_and_the_file(tmp_path: Path) -> None:
    found = error_of(tmp_path, PermissionError(errno.EACCES, "Permission denied", "/far/away"))
    assert type(found) is ConversionError
    assert found.message == f"{HOST}: Permission denied: /far/away"


def test_a_fault_of_edgekits_own_is_seen_where_the_command_runs(tmp_path: Path) -> None:
    found = error_of(tmp_path, ValueError("shapes (2,3) and (4,) do not fit"))
    assert type(found) is WorkerError
    assert found.message.startswith(f"a fault of edgekit on {HOST}: ")
    assert "shapes (2,3) and (4,) do not fit" in found.message
