"""The confinement by itself, as older kernels have it too: a lower ABI is asked for where this one knows more."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from edgeworker.confinement import landlock, seccomp

from conftest import ROOT
from edgekit.serve.ports import free_port

TRY = """
import json, os, shutil, socket, sys
from pathlib import Path
from edgeworker.confinement import confine, landlock, seccomp

own, elsewhere, abi, filtered, gpu, port, other = Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])
landlock.abi_version = lambda: abi
if not filtered:
    seccomp.available = lambda: False
server = socket.create_server(("127.0.0.1", 0))
held = confine([str(own)], gpu=bool(gpu), listen=[port] if port else [])

def possible(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True

def connect():
    with socket.socket() as one:
        one.connect(server.getsockname())

def connect_by_sending():
    with socket.socket() as one:
        one.sendto(b"x", socket.MSG_FASTOPEN, server.getsockname())

def kind(*of):
    return lambda: socket.socket(*of).close()

(own / "a").mkdir()
(own / "b").mkdir()
(own / "a" / "file").write_text("x")
names = f"/proc/self/task/{os.getpid()}/comm"
print(json.dumps({
    "held": held,
    "elsewhere": possible(lambda: (elsewhere / "new").touch()),
    "change": possible(lambda: (elsewhere / "file").write_text("x")),
    "empty": possible(lambda: os.truncate(elsewhere / "file", 0)),
    "rename": possible(lambda: (own / "a" / "file").rename(own / "a" / "other")),
    "move": possible(lambda: (own / "a" / "other").rename(own / "b" / "other")),
    "shutil": possible(lambda: shutil.move(own / "a" / "other", own / "b" / "other") if abi == 1 else None),
    "tcp": possible(lambda: socket.create_server(("127.0.0.1", 0)).close()),
    "listen": possible(lambda: socket.create_server(("127.0.0.1", port)).close()),
    "listen elsewhere": possible(lambda: socket.create_server(("127.0.0.1", other)).close()),
    "connect": possible(connect),
    "send to": possible(connect_by_sending),
    "udp": possible(kind(socket.AF_INET, socket.SOCK_DGRAM)),
    "unix": possible(kind(socket.AF_UNIX, socket.SOCK_STREAM)),
    "packets": possible(kind(socket.AF_UNIX, socket.SOCK_SEQPACKET)),
    "thread": possible(lambda: Path(names).write_text("name")),
    "signal": possible(lambda: os.kill(os.getppid(), 0)),
}))
"""
needs_landlock = pytest.mark.skipif(landlock.abi_version() == 0, reason="this kernel has no Landlock")
needs_seccomp = pytest.mark.skipif(not seccomp.available(), reason="no seccomp filter can be set here")
NOT_EMULATED = "this kernel's Landlock is older"


def tried(tmp_path: Path, abi: int, *, filtered: bool = True, gpu: bool = False, ports: Sequence[int] = (0, 0)) -> dict:
    own, elsewhere = tmp_path / "own", tmp_path / "elsewhere"
    own.mkdir()
    elsewhere.mkdir()
    (elsewhere / "file").write_text("years of work")
    answer = subprocess.run(
        [sys.executable, "-c", TRY, own, elsewhere, str(abi), str(int(filtered)), str(int(gpu)), *map(str, ports)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "converters" / "lib")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@needs_landlock
@pytest.mark.parametrize("abi", range(1, 8))
def test_every_abi_keeps_a_worker_in_its_folder(tmp_path: Path, abi: int) -> None:
    if abi > landlock.abi_version():
        pytest.skip(NOT_EMULATED)
    done = tried(tmp_path, abi)
    assert (done["elsewhere"], done["change"]) == (False, False)
    assert done["rename"]
    assert done["move"] == (abi >= landlock.MOVES)
    assert done["shutil"]  # copies where nothing can be moved
    assert done["empty"] == (abi < landlock.TRUNCATES)
    assert done["signal"] == (abi < landlock.SCOPES)


@needs_landlock
@pytest.mark.parametrize("abi", [3, 4])
def test_without_a_filter_landlock_guards_tcp_if_it_can(tmp_path: Path, abi: int) -> None:
    if abi > landlock.abi_version():
        pytest.skip(NOT_EMULATED)
    done = tried(tmp_path, abi, filtered=False)
    assert done["held"] == [abi, "Landlock" if abi >= landlock.TCP else ""]
    assert done["tcp"] == (abi < landlock.TCP)
    assert done["udp"]


@needs_seccomp
def test_without_landlock_there_is_still_no_network(tmp_path: Path) -> None:
    done = tried(tmp_path, 0)
    assert done["held"] == [0, "seccomp"]
    assert done["elsewhere"]
    assert not any(done[name] for name in ("tcp", "udp", "unix", "packets"))


def test_a_kernel_that_offers_nothing_changes_nothing(tmp_path: Path) -> None:
    done = tried(tmp_path, 0, filtered=False)
    assert done["held"] == [0, ""]
    assert all(value for name, value in done.items() if name not in ("held", "thread", "shutil"))


@needs_landlock
@needs_seccomp
def test_who_uses_a_gpu_gets_what_cuda_asks_for(tmp_path: Path) -> None:
    done = tried(tmp_path, landlock.abi_version(), gpu=True)
    assert (done["packets"], done["thread"]) == (True, True)
    assert not any(done[name] for name in ("elsewhere", "change", "tcp", "udp", "unix"))


@needs_landlock
@needs_seccomp
def test_a_server_listens_on_its_port_and_connects_to_nothing(tmp_path: Path) -> None:
    abi = landlock.abi_version()
    done = tried(tmp_path, abi, ports=[free_port("127.0.0.1", 0, "") for _ in range(2)])
    assert done["listen"]
    assert done["listen elsewhere"] == (abi < landlock.TCP)
    assert not any(done[name] for name in ("elsewhere", "change", "connect", "send to", "udp", "unix", "packets"))
