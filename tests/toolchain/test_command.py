"""What makes environments can be cancelled, and does not outlive edgekit, however that ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from edgekit.toolchain.command import Cancelled, run_command
from edgekit.toolchain.environment import alone, clear_away, ensure_environment
from edgekit.toolchain.script import read_requirements

# A program that starts another, says both numbers, and goes on for ever.
SLOW = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
with open(sys.argv[1] + ".half", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".half", sys.argv[1])
time.sleep(3600)
"""
STARTER = """
import sys
from edgekit.toolchain.command import run_command
run_command(sys.argv[1:])
"""


def wait_for(path: Path) -> list[int]:
    """The numbers in a file, once it is there. Nothing but the test's own time limit ends this on a busy machine."""
    while not path.exists():
        time.sleep(0.02)
    return [int(word) for word in path.read_text().split()]


def wait_until_gone(pids: list[int]) -> None:
    """Return once none of the processes runs (a zombie that nobody has collected does not)."""
    for pid in pids:
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.02)


def test_what_a_command_writes_and_how_it_ends() -> None:
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    answer = run_command([sys.executable, "-c", script])
    assert (answer.returncode, answer.stdout, answer.stderr) == (3, "out\n", "err\n")


def test_more_than_a_pipe_holds() -> None:
    answer = run_command([sys.executable, "-c", "print('x' * 1_000_000)"])
    assert len(answer.stdout) == 1_000_001


def test_a_command_that_crashes_has_a_status_of_its_own() -> None:
    answer = run_command([sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"])
    assert answer.returncode == 128 + 11


def test_its_stdin_is_empty() -> None:
    answer = run_command([sys.executable, "-c", "import sys; print(len(sys.stdin.read()))"])
    assert answer.stdout == "0\n"


def test_cancelling_ends_it_with_its_children(tmp_path: Path) -> None:
    pids, cancelled = tmp_path / "pids", threading.Event()
    ended: list[BaseException] = []

    def run() -> None:
        try:
            run_command([sys.executable, "-c", SLOW, str(pids)], cancelled=cancelled)
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    family = wait_for(pids)
    cancelled.set()
    thread.join()
    assert len(ended) == 1
    wait_until_gone(family)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_of_it_outlives_who_started_it(tmp_path: Path, how: signal.Signals) -> None:
    pids = tmp_path / "pids"
    command = [sys.executable, "-c", STARTER, sys.executable, "-c", SLOW, str(pids)]
    starter = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    family = wait_for(pids)
    starter.send_signal(how)
    starter.wait()
    wait_until_gone(family)


@pytest.fixture
def slow_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts a program that never ends in the place of uv; returns the file that it writes when it has begun."""
    pids = tmp_path / "pids"
    program = tmp_path / "uv"
    program.write_text(f"#!/bin/sh\nmkdir -p environments/half\nexec {sys.executable} {tmp_path / 'slow.py'} {pids}\n")
    program.chmod(0o755)
    (tmp_path / "slow.py").write_text(SLOW)
    monkeypatch.setattr("edgekit.toolchain.environment.uv_program", lambda: str(program))
    return pids


def requirements(folder: Path) -> Path:
    """A worker's head that asks for the Python of the tests, so that none is looked for."""
    path = folder / "environment.py"
    version = f"=={sys.version_info.major}.{sys.version_info.minor}.*"
    path.write_text(f'# /// script\n# requires-python = "{version}"\n# dependencies = ["six==1.17.0"]\n# ///\n')
    return path


def test_an_installation_can_be_cancelled(tmp_path: Path, slow_uv: Path) -> None:
    needed, cancelled = read_requirements(requirements(tmp_path)), threading.Event()
    threading.Thread(target=lambda: (wait_for(slow_uv), cancelled.set())).start()
    with pytest.raises(Cancelled):
        ensure_environment(needed, tmp_path / "cache", print, cancelled=cancelled)
    wait_until_gone(wait_for(slow_uv))


def test_waiting_for_somebody_elses_installation_can_be_cancelled(tmp_path: Path) -> None:
    lock, cancelled = tmp_path / "six.lock", threading.Event()
    cancelled.set()
    with alone(lock, None), pytest.raises(Cancelled), alone(lock, cancelled):
        pass


def test_what_a_killed_installation_left_is_cleared_in_one_step(tmp_path: Path) -> None:
    folder, earlier = tmp_path / "six-0123", tmp_path / ".six-0123.old-01234567"
    for place in (folder, earlier):
        (place / "bin").mkdir(parents=True)
        (place / "bin" / "python").touch()
    # A program that has not ended yet goes on in what is left.
    inside = os.open(folder, os.O_RDONLY)
    clear_away(folder)
    os.close(inside)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.toolchain
def test_an_environment_is_made_where_a_killed_one_was(tmp_path: Path) -> None:
    needed = read_requirements(requirements(tmp_path))
    python = ensure_environment(needed, tmp_path / "cache", print)
    (python.parents[1] / "edgekit-environment.json").unlink()
    (python.parents[1] / "pyvenv.cfg").write_text("half")
    again = ensure_environment(needed, tmp_path / "cache", print)
    assert again == python
    assert run_command([python, "-c", "import six; print(six.__version__)"]).stdout == "1.17.0\n"
