"""Which device a reference is recorded on, asked without loading a driver into edgekit's own process."""

import json
import platform
import subprocess
import sys
from pathlib import Path

from edgekit.bundled import bundled_folder
from edgekit.errors import AbsentError
from edgekit.reference.backends import Backend
from edgekit.reference.description import DevicePart

SCRIPT = Path("reference", "device.py")
TIMEOUT_SECONDS = 60


def recording_device(backend: Backend) -> DevicePart:
    """The device that `backend` will run on. Raises AbsentError where it needs a GPU and CUDA finds none."""
    if not backend.gpu:
        return DevicePart("cpu", cpu_name()[:200])
    command = [sys.executable, str(bundled_folder("converters") / SCRIPT)]
    try:
        # The driver is asked in a process of its own; CUDA_VISIBLE_DEVICES chooses there as it will for the backend.
        answer = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
        found = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        found = {"absent": "its driver does not answer"}
    if "absent" in found:
        raise AbsentError(
            f"the backend {backend.name} needs an NVIDIA GPU, and here {found['absent']}",
            "Run the command on a machine with an NVIDIA GPU and its driver, and import the file that it writes; "
            "--backend paddle-cpu works here",
        )
    return DevicePart("gpu", found["name"], found["compute_capability"], found.get("driver"), found["cuda"])


def cpu_name() -> str:
    """The processor's name, such as `Intel(R) Xeon(R) ...`, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return named or platform.processor() or platform.machine()
