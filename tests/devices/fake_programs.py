"""Puts the fake `adb`, `ssh` and `scp` where edgekit looks for the real ones."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = {"adb": "fake_adb.py", "ssh": "fake_ssh.py ssh", "scp": "fake_ssh.py scp"}


def environment(folder: Path, **variables: str) -> Mapping[str, str]:
    """The variables with which edgekit meets the fakes; devices and programs lie in `folder`."""
    programs = folder / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    for name, script in PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {HERE}/{script} "$@"\n')
        (programs / name).chmod(0o755)
    path = os.pathsep.join((str(programs), os.environ.get("PATH", "/usr/bin:/bin")))
    return {"PATH": path, "FAKE_DEVICES": str(folder), **variables}


def left(folder: Path, device: str, place: str = "data/local/tmp") -> list[str]:
    """What lies where programs may lie on a device."""
    return sorted(path.name for path in (folder / device / place).iterdir())
