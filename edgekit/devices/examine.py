"""Which machines artifacts can run on, and what a missing one would take. Installs nothing and asks no network."""

import platform
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.bundled import bundled_folder
from edgekit.devices.adb import Adb, phones, trouble
from edgekit.devices.emulation import emulator, python_version
from edgekit.devices.machine import HOST, Machine, known_machines
from edgekit.devices.packages import MARKER, packages_folder
from edgekit.devices.remote_machine import ASK_SECONDS, ask
from edgekit.devices.side_by_side import asked_side_by_side
from edgekit.devices.ssh import Ssh
from edgekit.devices.system_root import ready_system
from edgekit.errors import AbsentError, EdgekitError
from edgekit.pipeline.target import targets
from edgekit.toolchain.script import Requirements, requirements_of


@dataclass(frozen=True)
class Found:
    """One machine. `status`: "ready", "installable" (on first use, by itself) or "missing", with the way out."""

    name: str
    title: str
    status: str
    detail: str
    targets: tuple[str, ...]


def examine_machines(cache: Path, boards: Sequence[str] = ()) -> list[Found]:
    """This machine, then the emulated ones, phones on a cable, and `boards`, which are named since nothing lists them.

    Devices are asked side by side what they are, none of them for long.
    """
    here = tuple(name for name, target in targets().items() if any(not one.not_run for one in target.variants))
    host = Found(HOST, f"this machine ({platform.machine()})", "ready", "", here)
    return [host, *(examine(machine, cache) for machine in known_machines().values()), *examine_devices(boards)]


def examine_devices(boards: Sequence[str]) -> list[Found]:
    """Every phone that adb lists, usable or not, and the boards."""
    try:
        listed = phones()
    except AbsentError as error:
        listed, without = {}, str(error).rstrip(".")
    else:
        without = "" if listed else "no phone is plugged in"
    asked = [f"adb:{serial}" for serial in listed] + list(dict.fromkeys(boards))
    found = asked_side_by_side(asked, lambda name, cancelled: examine_device(name, listed, cancelled))
    return [*([Found("adb", "phones on a cable", "missing", without, ())] if without else []), *found]


def examine_device(name: str, listed: Mapping[str, str], cancelled: threading.Event) -> Found:
    """One phone or board: what it is, or what is wrong with it."""
    kind, _, which = name.partition(":")
    title = "a phone on a cable" if kind == "adb" else "a board on the network"
    try:
        if kind == "adb" and (why := trouble(which, listed[which])):
            raise AbsentError(why)
        device = ask(Adb(which, ASK_SECONDS) if kind == "adb" else Ssh(which, ASK_SECONDS), cancelled)
    except EdgekitError as error:
        return Found(name, title, "missing", str(error).rstrip("."), ())
    able = [one for one, target in targets().items() if target.runs_on(device)]
    return Found(name, device.title, "ready", "", tuple(able))


def examine(machine: Machine, cache: Path) -> Found:
    """One emulated machine."""
    names = tuple(emulated_targets(machine))
    try:
        emulator(machine)
    except AbsentError as error:
        return Found(machine.name, machine.title, "missing", str(error).rstrip("."), names)
    if is_prepared(machine, cache):
        return Found(machine.name, machine.title, "ready", "", names)
    later = f"prepared on first use, or by `edgekit device setup {machine.name}`"
    return Found(machine.name, machine.title, "installable", later, names)


def is_prepared(machine: Machine, cache: Path) -> bool:
    """Whether system files and all runtimes' packages are here."""
    system = ready_system(machine.architecture, cache)
    return system is not None and all(
        (packages_folder(one, machine.architecture, python_version(system), cache) / MARKER).exists()
        for one in runtimes(machine)
    )


def emulated_targets(machine: Machine) -> dict[str, Requirements]:
    """The targets whose runtime runs there, with what their runners need."""
    found = {}
    for name, target in targets().items():
        for variant in target.description.variants:
            if machine.architecture.name in variant.emulated:
                found[name] = requirements_of(bundled_folder("converters") / target.worker(variant.worker))
    return found


def runtimes(machine: Machine) -> list[Requirements]:
    """What the runners of all targets need that run there."""
    return list(emulated_targets(machine).values())
