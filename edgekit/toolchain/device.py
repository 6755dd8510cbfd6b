"""Which devices are here that some runners need: asked cheaply, and loading no library of theirs."""

import os
import shutil
import subprocess
from functools import cache
from typing import Literal

from msgspec import Struct

Need = Literal["nvidia-gpu"]
NAMES: dict[Need, str] = {"nvidia-gpu": "an NVIDIA GPU"}
TIMEOUT_SECONDS = 20


class Device(Struct, frozen=True):
    """A device: its name, its compute capability (such as `sm86`) and its driver's version."""

    name: str
    compute_capability: str
    driver: str


@cache
def find_device(need: Need) -> Device | None:
    """The first such device that this process may use, or None. Remembered: it is asked once."""
    assert need == "nvidia-gpu"
    return nvidia_gpu()


def nvidia_gpu() -> Device | None:
    """The first GPU that NVIDIA's driver knows, unless CUDA_VISIBLE_DEVICES hides all of them.

    nvidia-smi comes with every driver; where it is missing the answer costs a look at PATH.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1") or shutil.which("nvidia-smi") is None:
        return None
    query = ["nvidia-smi", "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_gpu(answer.stdout) if answer.returncode == 0 else None


def parse_gpu(listed: str) -> Device | None:
    """The first line of nvidia-smi's answer, such as `NVIDIA L4, 8.9, 580.95.05`; None where it is none."""
    lines = [line for line in listed.splitlines() if line.count(",") == 2]
    if not lines:
        return None
    name, capability, driver = (part.strip() for part in lines[0].split(","))
    return Device(name, f"sm{capability.replace('.', '')}", driver)
