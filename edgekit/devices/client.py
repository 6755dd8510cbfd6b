"""Runs the program that reaches a device (adb, ssh), bounded in time: a device that hangs must not hang edgekit."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from edgekit.errors import AbsentError, UsageError
from edgekit.toolchain.command import Cancelled, run_command

POLL_SECONDS = 0.1
VARIABLE = "EDGEKIT_DEVICE_SECONDS"
SECONDS = 1800.0
LONGEST = 86400


def allowed_seconds() -> float:
    """How long one command on a device may take, by the environment. Raises UsageError for what is no such time."""
    given = os.environ.get(VARIABLE, "").strip()
    try:
        seconds = float(given or SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST:
        raise UsageError(f"{VARIABLE} is {given}, and not a number of seconds", f"Give 1 to {LONGEST}.")
    return seconds


def call(
    command: Sequence[str | Path], name: str, seconds: float, cancelled: threading.Event | None = None
) -> subprocess.CompletedProcess[str]:
    """The ended command. Raises AbsentError for a program that is not here and a device that does not answer within
    `seconds`, Cancelled once `cancelled` is set."""
    program = str(command[0])
    if shutil.which(program) is None:
        raise AbsentError(f"{name} is reached with {program}, which is not here", f"Install {program}.")
    stop, ended, late = threading.Event(), threading.Event(), threading.Event()

    def watch() -> None:
        deadline = time.monotonic() + seconds
        while not ended.wait(POLL_SECONDS):
            if time.monotonic() > deadline:
                late.set()
            if late.is_set() or (cancelled is not None and cancelled.is_set()):
                stop.set()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        return run_command(command, cancelled=stop)
    except Cancelled:
        if not late.is_set():
            raise
        raise AbsentError(
            f"{name} did not answer within {seconds:g} s", f"Wake it, and try again; {VARIABLE} gives a slow one more."
        ) from None
    finally:
        ended.set()
        watcher.join()
