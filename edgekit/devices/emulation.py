"""How a runner is started on an emulated machine."""

import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from edgekit.bundled import bundled_folder
from edgekit.cache.lock import locked
from edgekit.devices.machine import Machine
from edgekit.devices.packages import ensure_packages
from edgekit.devices.system_root import ensure_system
from edgekit.errors import AbsentError, UsageError
from edgekit.toolchain.script import Requirements

CORES = 2
# Run by this machine's Python, which is confined at its start as every worker is: what it becomes then is, too.
BECOME = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"


def emulator(machine: Machine) -> str:
    """The program that runs the machine's programs. Raises AbsentError where it is not here."""
    found = shutil.which(machine.architecture.emulator)
    if found is None:
        raise AbsentError(
            f"{machine.name} needs {machine.architecture.emulator}, which is not here",
            "Install it: `apt-get install qemu-user-static`.",
        )
    return found


def emulated_python(
    machine: Machine,
    requirements: Requirements,
    cache: Path,
    notify: Callable[[str], None],
    *,
    offline: bool = False,
    cancelled: threading.Event | None = None,
) -> list[str]:
    """What starts an emulated machine's Python with what a toolchain's runner needs, which is made first where needed.

    Raises UsageError for a toolchain that does not run there, AbsentError for what is not to be had,
    Cancelled once `cancelled` is set.
    """
    if not requirements.runtime:
        raise UsageError(
            f"{requirements.tool[0]} does not run on {machine.name}", "Verify its artifacts on this machine."
        )
    program = emulator(machine)
    system = ensure_system(machine.architecture, cache, notify, offline=offline, cancelled=cancelled)
    python = python_of(system)
    version = python_version(system)
    packages = ensure_packages(
        requirements, machine.architecture, version, cache, notify, offline=offline, cancelled=cancelled
    )
    libraries = [str(system / folder) for folder in machine.architecture.library_folders]
    variables = {
        "PYTHONHOME": str(system / "usr"),
        "PYTHONPATH": os.pathsep.join((str(bundled_folder("converters") / "lib"), str(packages))),
        "PYTHONDONTWRITEBYTECODE": "1",
        **({"LD_LIBRARY_PATH": os.pathsep.join(libraries)} if libraries else {}),
    }
    return [
        *(sys.executable, "-c", BECOME),
        *started_by(program, machine, system),
        *(word for name, value in variables.items() for word in ("-E", f"{name}={value}")),
        str(python),
    ]


def emulated_program(
    machine: Machine,
    cache: Path,
    notify: Callable[[str], None],
    *,
    offline: bool = False,
    cancelled: threading.Event | None = None,
) -> list[str]:
    """What starts a compiled program of an emulated machine, whose system files are made first where needed.

    Raises AbsentError for what is not to be had, Cancelled once `cancelled` is set.
    """
    program = emulator(machine)
    system = ensure_system(machine.architecture, cache, notify, offline=offline, cancelled=cancelled)
    return started_by(program, machine, system)


def started_by(program: str, machine: Machine, system: Path) -> list[str]:
    """The emulator with its arguments."""
    # What this machine's programs are started with means nothing to those of another architecture.
    own = ("-U", "LD_PRELOAD", "-U", "LD_LIBRARY_PATH")
    return [program, "-cpu", machine.processor.emulated_as, "-L", str(seen_files(machine, system)), *own]


def python_of(system: Path) -> Path:
    """The Python among the system's files, by its full version's name."""
    found = sorted((system / "usr" / "bin").glob("python3.[0-9]*"))
    return next(path for path in found if path.name.removeprefix("python3.").isdigit())


def python_version(system: Path) -> str:
    """Such as `3.11`."""
    return python_of(system).name.removeprefix("python")


def seen_files(machine: Machine, system: Path) -> Path:
    """The folder that the emulated programs see in the place of `/`, wherever it has a file.

    Linux describes the processor in files, and the emulator would show those of this machine: ONNX Runtime then
    refuses to be imported, and OpenVINO takes the core for another one.
    """
    folder = system.parent / machine.processor.name
    # Runs of several targets begin side by side.
    with locked(folder.with_suffix(".lock")):
        describe(machine, system, folder)
    return folder


def describe(machine: Machine, system: Path, folder: Path) -> None:
    """Make `folder` from the system's files and the descriptions of the processor, where it is not as it must be."""
    description = folder / "proc" / "cpuinfo"
    described = processor_file(machine)
    if description.is_file() and description.read_bytes() == described.encode():
        return
    for entry in system.iterdir():
        link = folder / entry.name
        if not link.is_symlink() and entry.is_dir() and entry.name not in ("proc", "sys"):
            folder.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(entry, folder))
    for core in range(CORES) if machine.processor.identification is not None else ():
        identification = folder / f"sys/devices/system/cpu/cpu{core}/regs/identification/midr_el1"
        identification.parent.mkdir(parents=True, exist_ok=True)
        identification.write_text(f"0x{machine.processor.identification:016x}\n", encoding="utf-8")
    description.parent.mkdir(parents=True, exist_ok=True)
    partial = description.with_name(f".cpuinfo.{os.getpid()}")
    partial.write_text(described, encoding="utf-8")
    partial.replace(description)  # the last, since it says that the folder is whole


def processor_file(machine: Machine) -> str:
    """Linux's /proc/cpuinfo of such a processor."""
    return "\n".join(machine.processor.described(number, CORES) for number in range(CORES)) + "\n"
