"""What the figures of a matrix were measured on."""

import os
import platform
from pathlib import Path

from msgspec import Struct


class Machine(Struct, frozen=True):
    """A computer: its processor by name, the cores that this process may use, memory in bytes, system, Python."""

    cpu: str
    cores: int
    memory_bytes: int
    system: str
    python: str


def this_machine() -> Machine:
    """The computer that edgekit runs on."""
    import psutil

    return Machine(
        cpu=cpu_name(),
        cores=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def cpu_name() -> str:
    """The processor's name where the system tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name") and ":" in line)
    return next(named, "") or platform.machine()
