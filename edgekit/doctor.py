"""What of the outside world is here: toolchains, Pythons, a GPU, a kernel that confines; what each would take."""

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edgekit.bundled import bundled_folder
from edgekit.errors import AbsentError
from edgekit.toolchain.confinement import shortcomings, try_confinement
from edgekit.toolchain.device import NAMES, find_device
from edgekit.toolchain.environment import ready_python
from edgekit.toolchain.interpreter import find_interpreter, uv_program
from edgekit.toolchain.script import Requirements, read_requirements

DEVICE_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Finding:
    """One thing looked for. `status`: "ready", "installable" (on first use, by itself), "partly" or "missing"."""

    name: str
    purpose: str
    status: str
    detail: str


def examine(cache: Path) -> list[Finding]:
    """Look for everything that edgekit can use. Installs nothing and asks no network."""
    return [
        Finding("Python", "edgekit itself", "ready", f"{platform.python_version()} on {platform.machine()}"),
        find_uv(),
        *(find_toolchain(requirements, uses, cache) for requirements, uses in toolchains()),
        find_gpu(),
        find_confinement(),
        Finding("cache", "environments, weights, stages", "ready", str(cache)),
    ]


def toolchains() -> list[tuple[Requirements, str]]:
    """Every environment that some worker asks for, with the folders of those workers."""
    found: dict[str, tuple[Requirements, set[str]]] = {}
    converters = bundled_folder("converters")
    for script in sorted(converters.glob("*/*.py")):
        if "# /// script" in script.read_text(encoding="utf-8"):
            requirements = read_requirements(script)
            found.setdefault(requirements.digest, (requirements, set()))[1].add(script.parent.name)
    return [(requirements, ", ".join(sorted(folders))) for requirements, folders in found.values()]


def find_toolchain(requirements: Requirements, uses: str, cache: Path) -> Finding:
    """Whether one toolchain's environment is there, or what it would take."""
    name, version = requirements.tool
    title = f"{name} {version}"
    if python := ready_python(requirements, cache):
        return Finding(title, uses, "ready", str(python.parents[1]))
    if requirements.needs is not None and find_device(requirements.needs) is None:
        return Finding(title, uses, "missing", f"installed where there is {NAMES[requirements.needs]}, which it needs")
    try:
        interpreter = find_interpreter(requirements.python, title, offline=True)
    except AbsentError as error:
        return Finding(title, uses, "missing", str(error))
    return Finding(title, uses, "installable", f"on first use, with {interpreter}")


def find_uv() -> Finding:
    """uv, which makes the environments."""
    try:
        return Finding("uv", "makes the toolchains' environments", "ready", uv_program())
    except AbsentError as error:
        return Finding("uv", "makes the toolchains' environments", "missing", str(error))


def find_gpu() -> Finding:
    """An NVIDIA GPU, by its driver's own tool."""
    purpose = "TensorRT engines and GPU references"
    answer = ask(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"])
    if answer is None:
        return Finding("NVIDIA GPU", purpose, "missing", "nvidia-smi does not answer; it needs a GPU and its driver")
    return Finding("NVIDIA GPU", purpose, "ready", answer.splitlines()[0])


def find_confinement() -> Finding:
    """Whether the kernel keeps workers from the network, and from writing outside their folders; tried out."""
    name, purpose = "confinement", "workers: no network, no writes outside their folders"
    trial = try_confinement()
    if isinstance(trial, str):
        return Finding(name, purpose, "missing", trial)
    if found := shortcomings(trial):
        nothing = trial.writes_elsewhere and trial.tcp
        return Finding(name, purpose, "missing" if nothing else "partly", "; ".join(found))
    return Finding(name, purpose, "ready", f"Landlock (ABI {trial.landlock_abi}) and {trial.network}")


def ask(command: list[str]) -> str | None:
    """The output of a program; None where it is missing, fails or hangs."""
    if shutil.which(command[0]) is None:
        return None
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=DEVICE_TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 and answer.stdout.strip() else None
