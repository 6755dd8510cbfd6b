"""Ctrl-C and SIGTERM: one KeyboardInterrupt each, wherever they fall."""

import subprocess
import sys
from pathlib import Path

import pytest

TWICE = """
import signal, time
from edgekit.cli.interrupts import listen
listen()
try:
    signal.raise_signal(signal.{first})
    raise SystemExit("not interrupted")
except KeyboardInterrupt:
    for number in (signal.SIGINT, signal.SIGTERM) * 3:
        signal.raise_signal(number)  # the cleaning up is not interrupted
    print("clean")
"""
IN_A_DESTRUCTOR = """
import signal, time
from edgekit.cli.interrupts import listen

class Thing:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

listen()
try:
    thing = Thing()
    del thing
    time.sleep(3600)
    raise SystemExit("lost")
except KeyboardInterrupt:
    print("clean")
"""
BACKGROUND = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from edgekit.cli.interrupts import is_listening, listen
listen()
signal.raise_signal(signal.SIGINT)
assert is_listening()
print("clean")
"""


@pytest.mark.parametrize(
    "script", [TWICE.format(first="SIGINT"), TWICE.format(first="SIGTERM"), IN_A_DESTRUCTOR, BACKGROUND]
)
def test_a_request_to_end_is_one_interrupt(script: str) -> None:
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "clean\n", "")


IN_A_TEXT = """
import signal, sys
from edgekit.cli.interrupts import listen, stop_listening
listen()
try:
    exec("signal.raise_signal(signal.SIGTERM)")
except KeyboardInterrupt:
    stop_listening()
    sys.exit(130)
"""


def test_an_interrupt_in_a_text_that_is_executed_keeps_the_status(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(IN_A_TEXT)
    command = [sys.executable, "-m", "interrupted"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (130, "")


def test_nothing_is_imported_before_requests_are_heard() -> None:
    script = "import sys; before = set(sys.modules); import edgekit.cli; print(sorted(set(sys.modules) - before))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['edgekit', 'edgekit.cli', 'edgekit.cli.interrupts']"
