"""Runs a command that ends with whoever started it, by `kill -9` too: as a program of its own, between the two.

    python lifeline.py COMMAND...

Its stdin is a pipe whose other end the starter holds, and never writes to. When that closes, everything of this
process's group is killed: the command may have started programs of its own. (The workers' way, see
converters/lib/sitecustomize.py, is for processes that run Python.)
"""

import os
import signal
import subprocess
import sys
import threading


def end_with_the_starter() -> None:
    """Wait until the starter's end of stdin closes, then kill the group."""
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Run a command; returns its status, as a shell gives it."""
    threading.Thread(target=end_with_the_starter, daemon=True).start()
    status = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    # Leads a group of its own before anything starts: what is killed is this, and what came of it.
    if os.getpid() != os.getpgid(0):
        os.setpgid(0, 0)
    # No exit handlers: the thread is still reading.
    os._exit(main(sys.argv[1:]))
