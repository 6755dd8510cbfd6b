"""Whether the cluster is still there: its head answers, or did a moment ago."""

import socket
import time
from types import SimpleNamespace

import pytest

from edgekit.cluster import connection
from edgekit.cluster.connection import ClusterGone, Connection
from edgekit.cluster.tasks import Tasks
from tests.cluster.fake_ray import FakeRay, RaySystemError


def tasks_at(place: tuple[str, int], fake: FakeRay | None = None) -> Tasks:
    return Tasks(Connection(fake or FakeRay(), "local", f"{place[0]}:{place[1]}"))


def test_a_head_that_has_gone_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = server.getsockname()
        assert tasks_at(place).cores() == 2
    moments: list[float] = []
    clock = SimpleNamespace(sleep=moments.append, monotonic=lambda: float(len(moments)))
    monkeypatch.setattr(connection, "time", clock)
    found = tasks_at(place)
    # All threads that wait for tasks hear of it; the first one alone waits.
    for _ in range(3):
        with pytest.raises(ClusterGone, match=f"no cluster answers at 127.0.0.1:{place[1]} "):
            found.cores()
    assert len(moments) == connection.GONE_SECONDS + 1


def test_a_head_that_is_out_of_reach_for_a_moment_has_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = server.getsockname()
    back: list[socket.socket] = []
    clock = SimpleNamespace(sleep=lambda _: back.append(socket.create_server(place)), monotonic=time.monotonic)
    monkeypatch.setattr(connection, "time", clock)
    assert tasks_at(place).cores() == 2 and len(back) == 1
    back[0].close()


def test_a_connection_that_ends_is_a_head_that_has_gone() -> None:
    fake = FakeRay()

    def broken() -> list[dict[str, object]]:
        raise RaySystemError("Ray has not been started yet.")

    fake.nodes = broken
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = tasks_at(server.getsockname(), fake)
        for _ in range(2):
            with pytest.raises(ClusterGone, match="Ray has not been started yet"):
                found.cores()
