"""What a task ends with, when machines are lost, the head is, or the task itself: one sentence, or another try."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from conftest import new_cache
from edgekit.cluster import tasks
from edgekit.cluster.connection import ClusterGone, Connection
from edgekit.cluster.executor import ClusterExecutor
from edgekit.cluster.needs import Needs, Node
from edgekit.cluster.shared_store import SharedStore
from edgekit.cluster.sharing_store import SharingStore
from edgekit.cluster.tasks import RETRIES, Tasks
from edgekit.errors import AbsentError, WorkerError
from edgekit.pipeline.stage import Stage, StageFile
from edgekit.toolchain.worker import Cancelled, Toolchain
from tests.cluster.fake_ray import (
    KINDS,
    MACHINE,
    RUNNING,
    FakeRay,
    NodeDiedError,
    OutOfMemoryError,
    RayError,
    RaySystemError,
    RayTaskError,
    TaskCancelledError,
    WorkerCrashedError,
)

SMALL = {**MACHINE, "CPU": 1.0}


@pytest.fixture(autouse=True)
def always_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "LOOK_SECONDS", -1.0)
    monkeypatch.setattr(Connection, "check_head", lambda _: None)  # see test_connection.py


def tasks_of(fake: FakeRay) -> Tasks:
    return Tasks(Connection(fake, "local", "127.0.0.1:1"))


def all_cores(nodes: Sequence[Node]) -> Needs:
    """What a task takes that has the largest machine to itself."""
    return Needs(max(node["CPU"] for node in nodes))


def run(fake: FakeRay, order: str = "order", cancelled: threading.Event | None = None) -> str:
    return tasks_of(fake).run(str.upper, order, all_cores, cancelled or threading.Event())


def raising(error: BaseException) -> FakeRay:
    def end(*_: object) -> None:
        raise error

    return FakeRay(end)


def test_a_task_gives_what_it_returns_and_is_started_again_with_its_machine() -> None:
    fake = FakeRay()
    assert run(fake) == "ORDER"
    assert fake.options == [{"num_cpus": 2, "num_gpus": 0, "memory": 0, "resources": {}, "max_retries": 4}]
    assert fake.cancelled == []


def test_where_no_machine_is_left_that_it_fits_it_is_started_for_the_others() -> None:
    fake = FakeRay(lambda number, task, order: RUNNING if number == 0 else task(order))

    def lose() -> None:
        fake.machines = [SMALL]

    fake.look = lose
    assert run(fake) == "ORDER"
    assert [one["num_cpus"] for one in fake.options] == [2, 1]
    # The first one is ended: should its machine come back, it would do the same work.
    assert fake.cancelled == [(0, False), (0, True)]


def test_where_no_machine_is_left_at_all_the_cluster_has_gone() -> None:
    fake = FakeRay(lambda *_: RUNNING)
    fake.look = fake.machines.clear
    found = tasks_of(fake)
    way = "Run the command again on another one, with the same --store: what was finished is not made again."
    with pytest.raises(AbsentError) as caught, found.errors_told():
        found.run(str.upper, "order", all_cores, threading.Event())
    assert str(caught.value) == f"the cluster local has gone: none of its machines has a core. {way}"


@pytest.mark.parametrize(
    "error",
    [
        WorkerCrashedError(),
        NodeDiedError("its node died"),
        OutOfMemoryError("the node was running low on memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_task_that_is_lost_each_time_is_to_blame_itself(error: RayError) -> None:
    with pytest.raises(WorkerError) as caught:
        run(raising(error))
    assert str(caught.value) == f"the process that it ran in was lost {RETRIES + 1} times"


def test_a_machine_without_edgekit_is_said() -> None:
    cause = ModuleNotFoundError("No module named 'edgekit'\nand more of it")
    with pytest.raises(AbsentError) as caught:
        run(raising(RayTaskError(cause)))
    assert caught.value.message == (
        "a machine of the cluster cannot run edgekit's tasks (ModuleNotFoundError: No module named 'edgekit')"
    )
    assert "Install the same edgekit on every machine" in caught.value.remedy


@pytest.mark.parametrize("forced", [False, True])
def test_a_task_that_is_cancelled_is_interrupted_and_then_killed(forced: bool) -> None:
    fake, cancelled = FakeRay(lambda *_: RUNNING), threading.Event()
    fake.look = cancelled.set

    def interrupted(*_: object) -> object:
        return RUNNING if forced or not fake.cancelled else None

    fake.end = interrupted
    with pytest.raises(Cancelled):
        run(fake, cancelled=cancelled)
    assert fake.cancelled == [(0, False), (0, True)][: 1 + forced]
    with pytest.raises(Cancelled):
        run(raising(TaskCancelledError()))


def test_a_connection_that_ends_is_a_cluster_that_has_gone() -> None:
    def broken(*_: object, **__: object) -> None:
        raise RaySystemError("Broken pipe\nand where")

    for name in ("wait", "get", "nodes"):
        fake = FakeRay()
        setattr(fake, name, broken)
        with pytest.raises(ClusterGone, match=r"^Broken pipe$"):
            run(fake)
    # Who cancels finds the same.
    fake, cancelled = FakeRay(lambda *_: RUNNING), threading.Event()
    fake.look, fake.cancel = cancelled.set, broken
    with pytest.raises(ClusterGone):
        run(fake, cancelled=cancelled)


def test_a_run_whose_head_is_lost_goes_on_from_the_store(
    fake_worker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Stage("fake/work.py", "first", {}, {"text": "a"})
    second = Stage("fake/work.py", "second", {"x": StageFile(first, "out.txt")}, {"text": "b"})
    shared = SharedStore((tmp_path / "shared").as_uri())

    def executor(name: str, fake: FakeRay) -> ClusterExecutor:
        monkeypatch.setenv("EDGEKIT_CACHE", str(new_cache(tmp_path / f"machine of {name}")))
        cache = new_cache(tmp_path / name)
        return ClusterExecutor(SharingStore(cache / "stages", shared=shared), Toolchain(cache), tasks=tasks_of(fake))

    def end(number: int, task, order):
        if number:
            raise RaySystemError("the head has gone")
        return task(order)

    with pytest.raises(AbsentError, match=r"the cluster local has gone: .*the head has gone"):
        executor("one", FakeRay(end)).run([second])
    other = FakeRay()
    result = executor("two", other).run([second]).result(second)
    assert (result.folder / "out.txt").read_text() == "ab" and not result.cached
    assert [order.stage.about for _, order in other.tasks] == ["second"]


def test_the_fake_errors_are_kinds_of_what_rays_are() -> None:
    wanted = [(kind.__name__, kind.__base__.__name__) for kind in KINDS if kind.__base__ is not None]
    script = "import sys, ray.exceptions as found; print([(one, getattr(found, one).__base__.__name__)"
    script += " for one in sys.argv[1:]])"
    command = [sys.executable, "-c", script, *(name for name, _ in wanted)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(wanted)
