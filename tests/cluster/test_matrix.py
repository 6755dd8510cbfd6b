"""A matrix on several machines is that of one, whatever happens to a machine."""

import fcntl
import threading
import time
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import psutil

from conftest import PATIENCE_SECONDS
from tests.cluster.conftest import Machines
from tests.matrix.conftest import FakeProject

THREE = ("--models", "MixNet_S,ResNet18,DenseNet121")
HELD = "beta/convert ResNet18"


def plain(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells without what is measured anew in each run."""
    cells = deepcopy(document["cells"])
    for cell in cells:
        del cell["made"], cell["seconds"]
        for variant in cell["variants"]:
            assert variant.pop("peak_memory_bytes") > 0
    return cells


def works_in(cache: Path) -> bool:
    """Whether a worker runs whose folder lies in a cache."""
    for one in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if Path(one.cwd()).is_relative_to(cache):
                return True
    return False


def test_a_machine_that_is_lost_changes_no_cell(
    seen_by_machines: FakeProject, tmp_path: Path, monkeypatch, request
) -> None:
    project = seen_by_machines
    # Of one machine, which also shows a failure.
    failing = "alpha/run DenseNet121"
    project.out = tmp_path / "one"
    status, one = project.matrix(*THREE, fail=failing)
    assert (status, one["counts"]) == (1, {"passed": 5, "failed": 1})
    alone = sorted(project.called())
    project.forget()

    monkeypatch.setenv("EDGEKIT_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("FAKE_HOLD", HELD)
    monkeypatch.setenv("FAKE_FAIL", failing)
    lock = tmp_path / "lock"
    lock.touch()
    monkeypatch.setenv("FAKE_LOCK", str(lock))
    machines: Machines = request.getfixturevalue("machines")
    caches = [machines.add() for _ in range(3)]
    lost: list[Path] = []

    def lose_one() -> None:
        with lock.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while HELD not in project.called() and time.monotonic() < deadline:
                time.sleep(0.05)
            lost.extend(cache for cache in caches if any((cache / "stages" / "beta" / "convert").glob(".*")))
            for cache in lost:
                machines.kill(cache)
                # Its processes end a moment later: what they finish until then is no loss.
                while works_in(cache) and time.monotonic() < deadline:
                    time.sleep(0.05)

    killer = threading.Thread(target=lose_one, daemon=True)
    killer.start()
    project.out = tmp_path / "many"
    cluster = ("--ray", machines.address, "--store", str(tmp_path / "shared"))
    status, many = project.matrix(*THREE, *cluster, fail=failing)
    killer.join()
    assert len(lost) == 1
    assert status == 1
    assert plain(many) == plain(one)
    assert many["counts"] == one["counts"]
    # What was held ran twice; nothing else that was done was done again, but what else the lost machine was at.
    assert project.called().count(HELD) == 2
    assert sorted(set(project.called())) == sorted(set(alone))

    # From another machine, with the same store: nothing is done again. What failed has its record, as on one machine.
    project.forget()
    monkeypatch.setenv("EDGEKIT_CACHE", str(tmp_path / "other"))
    project.out = tmp_path / "again"
    status, again = project.matrix(*THREE, *cluster, fail=failing)
    assert status == 1
    assert plain(again) == plain(one)
    assert project.called() == []
