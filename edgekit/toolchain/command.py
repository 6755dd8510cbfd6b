"""Runs the programs that make environments: they can be cancelled, and none outlives edgekit."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

LIFELINE = Path(__file__).with_name("lifeline.py")
POLL_SECONDS = 0.05


class Cancelled(Exception):
    """The user asked to stop; what ran has been killed."""


def run_command(
    command: Sequence[str | Path], folder: Path | None = None, cancelled: threading.Event | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` and return its status and what it wrote, without any input.

    It and what it started end with this process, whatever ends that. Raises Cancelled once `cancelled` is set.
    """
    process = subprocess.Popen(
        # Isolated: no variable or file of the user's changes what this Python does.
        [sys.executable, "-I", "-S", LIFELINE, *command],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C reaches edgekit alone, which then ends the whole group
    )
    said: list[str] = ["", ""]
    readers = [
        threading.Thread(target=collect, args=(stream, said, number), daemon=True)
        for number, stream in enumerate((process.stdout, process.stderr))
        if stream is not None
    ]
    for reader in readers:
        reader.start()
    try:
        while True:
            if cancelled is not None and cancelled.is_set():
                raise Cancelled
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(POLL_SECONDS)
                break
        for reader in readers:
            reader.join()
        return subprocess.CompletedProcess(list(command), status, *said)
    finally:
        kill_group(process)
        for reader in readers:
            reader.join()
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def collect(stream: IO[str], said: list[str], number: int) -> None:
    """Read a stream to its end: a pipe that nobody reads stops who writes to it."""
    said[number] = stream.read()


def kill_group(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    """End a process that leads a group, and everything it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()  # the group is gone with its leader; a no-op when that has been waited for
    process.wait()
