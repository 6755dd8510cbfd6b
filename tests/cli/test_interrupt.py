"""Ctrl-C and a request to end while edgekit is still being imported: status 130, one line, no traceback."""

import signal
import subprocess
import sys

import pytest

from conftest import PATIENCE_SECONDS

# The import of the application says that it has begun, and takes its time.
SLOW_IMPORT = """
import sys, time

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "edgekit.cli.app":
            print("importing", flush=True)
            time.sleep(7200)

sys.meta_path.insert(0, Slow())
import edgekit.cli
edgekit.cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_start_is_one_line(number: signal.Signals) -> None:
    command = [sys.executable, "-c", SLOW_IMPORT]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "importing\n"
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, said
    assert said.strip() == "edgekit: interrupted before anything was begun"
