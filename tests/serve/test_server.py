"""What a server is started with, and what it could do with it if its requests took it over."""

import json
import queue
import socket
import sys
import threading
from pathlib import Path
from typing import cast

import pytest

from conftest import PATIENCE_SECONDS
from edgekit.errors import WorkerError
from edgekit.serve import server
from edgekit.serve.link import Link
from edgekit.serve.ports import free_port, listening
from edgekit.serve.server import ServersEnds, Serving
from edgekit.serve.settings import Settings
from edgekit.toolchain.channel import Channel, Silent
from edgekit.toolchain.confinement import Trial, try_confinement
from edgekit.toolchain.worker import Toolchain

PROBE = """\
# /// script
# requires-python = ">=3.11"
# dependencies = ["probe==1.0"]
# ///
import json, os, socket, sys
from pathlib import Path

request = json.loads(Path(sys.argv[1]).read_text())
options, found = request["options"], {}

def possible(name, attempt):
    try:
        attempt()
        found[name] = True
    except OSError:
        found[name] = False

def connect(kind):
    with socket.socket(socket.AF_INET, kind) as one:
        one.settimeout(5)
        one.connect(("127.0.0.1", options["outside"]))

def hand_on():
    fast = getattr(socket, "MSG_FASTOPEN", 0x20000000)
    with socket.socket() as one:
        one.sendto(b"x", fast, ("127.0.0.1", options["outside"]))

def write():
    Path(options["elsewhere"]).write_text("x")

possible("connect", lambda: connect(socket.SOCK_STREAM))
possible("datagram", lambda: connect(socket.SOCK_DGRAM))
possible("fast open", hand_on)
possible("unix", lambda: socket.socket(socket.AF_UNIX).close())
possible("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close())
possible("its port", lambda: socket.create_server(("127.0.0.1", options["port"])).close())
possible("another port", lambda: socket.create_server(("127.0.0.1", 0)).close())
possible("write", write)
given = socket.socket(fileno=options["http"])
given.settimeout(30)
taken, _ = given.accept()
found["answered"] = taken.recv(4).decode()
(Path(request["output"]) / "found.json").write_text(json.dumps(found))
"""


@pytest.mark.parametrize("with_grpc", [True, False])
def test_a_server_that_is_taken_over_reaches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_grpc: bool
) -> None:
    """In its place another program, which is started as it is and tries what a stranger would."""
    trial = try_confinement()
    if not isinstance(trial, Trial) or trial.network != "seccomp":
        pytest.skip("this system confines no sockets")
    (tmp_path / "worker").mkdir()
    (probe := tmp_path / "worker" / "probe.py").write_text(PROBE)
    monkeypatch.setattr(server, "WORKER", str(probe))
    monkeypatch.setattr("edgekit.toolchain.worker.ensure_environment", lambda *_, **__: Path(sys.executable))
    serving = Serving([], Settings(), Toolchain(tmp_path / "cache"), tmp_path / "scratch")
    (tmp_path / "scratch").mkdir()
    port = free_port("127.0.0.1", 0, "")
    http, link, channel = listening("127.0.0.1", 0, ""), Link({"slots": 1, "bytes": 64}), Channel()
    with socket.create_server(("127.0.0.1", 0)) as outside, socket.create_connection(http.getsockname()) as client:
        client.sendall(b"GET ")
        options = {
            "http": http.fileno(),
            "outside": outside.getsockname()[1],
            "port": port,
            "elsewhere": str(tmp_path / "elsewhere"),
        }
        serving._start_server(options, ServersEnds(channel, [link], http), port if with_grpc else None)
        ended = cast("queue.Queue[server.Ended]", serving._ended).get(timeout=PATIENCE_SECONDS)
        assert serving._thread is not None
        serving._thread.join()
    channel.close()
    link.close()
    assert isinstance(ended.trouble, WorkerError)  # it is no worker, and leaves no result
    found = json.loads((tmp_path / "scratch" / "server" / "output" / "found.json").read_text())
    assert found.pop("answered") == "GET "
    assert found.pop("its port") == with_grpc
    # Only Landlock tells ports from each other.
    assert not found.pop("another port") or (with_grpc and trial.landlock_abi < 4)
    assert not found.pop("write") or trial.landlock_abi == 0
    assert found == dict.fromkeys(("connect", "datagram", "fast open", "unix", "netlink"), False)


class Told:
    """A channel that says what it is given, and notes what is asked."""

    def __init__(self, *said: dict) -> None:
        self.said, self.asked, self.ended = list(said), [], False

    def ask(self, document: dict) -> None:
        self.asked.append(document)

    def reply(self, seconds: float, stopping: object) -> dict:
        said = self.said.pop(0)
        if not said:
            raise Silent
        return said

    def end_requests(self) -> None:
        self.ended = True


def test_a_runner_that_ends_while_the_server_stops_is_told_of_and_the_servers_own_end_is_no_error(
    tmp_path: Path,
) -> None:
    """The server may have ended before its last words are read."""
    serving = Serving([], Settings(), Toolchain(tmp_path / "cache"), tmp_path / "scratch")
    channel = Told({}, {"forgotten": "0.1"}, {"stopped": True})
    serving._channel = cast(Channel, channel)
    serving._thread = threading.Thread(target=lambda: None)
    serving._thread.start()
    for who in ("0.1", ""):
        serving._ended.put(server.Ended(who, WorkerError("it has ended")))
    serving._stop()
    assert channel.asked == [{"stop": True}, {"gone": "0.1", "reason": "its runner has ended"}]
    assert channel.ended and not channel.said
