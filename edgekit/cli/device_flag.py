"""The flag `--device`: where artifacts run. One flag with the same words and errors for every command that has it."""

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.devices.machine import Machine
    from edgekit.devices.remote_machine import AnyMachine

One = TypeVar("One")
THIS_MACHINE = "host"
HELP = "host, or an emulated machine such as aarch64:cortex-a53 (`edgekit devices`)."
REACHED = "host, an emulated machine such as aarch64:cortex-a53, a phone (adb[:SERIAL]), a board (ssh:HOST)."
ON_DEVICES = "verify, convert --verify, bench, predict, evaluate and report"
"""The commands that run artifacts on phones and boards."""

Devices = Annotated[
    str, typer.Option("--device", metavar="NAME,...", help=f"Where artifacts run, comma-separated: {REACHED}")
]
"""For commands that show what several machines make of the same artifacts, devices that are reached among them."""
EmulatedDevices = Annotated[
    str, typer.Option("--device", metavar="NAME,...", help=f"Where artifacts run, comma-separated: {HELP}")
]
"""For those that do so on this machine alone."""
Device = Annotated[str, typer.Option("--device", metavar="NAME", help=f"Where artifacts run: {REACHED}")]
"""For commands that ask one machine."""
EmulatedDevice = Annotated[str, typer.Option("--device", metavar="NAME", help=f"Where artifacts run: {HELP}")]
"""For those that ask one on this machine."""


def chosen_any(device: str) -> "list[AnyMachine | None]":
    """The machines of `--device`, each once; None is this one. Raises UsageError for an unknown name, and AbsentError
    for a device that cannot be reached."""
    from edgekit.devices.select import select_any

    return select_any(device)


def chosen_one(device: str) -> "AnyMachine | None":
    """The one machine of `--device`; None is this one. Raises UsageError for several, and as `chosen_any`."""
    return only_one(chosen_any(device), device)


def named_elsewhere(device: str) -> str | None:
    """The name of the one machine of `--device`, for machines that reach it themselves; None is where they run.

    Raises UsageError for several, and for an unknown name.
    """
    from edgekit.devices.machine import is_reached

    name = device.strip()
    if is_reached(name.lower()) and "," not in name:
        return name
    machine = chosen_machine(device)
    return machine and machine.name


def chosen_machines(device: str) -> "list[Machine | None]":
    """Those of them that run on this machine. Raises UsageError for an unknown name, and for a phone or a board."""
    from edgekit.devices.machine import is_reached, select_machines

    for name in device.split(","):
        if is_reached(name.strip().lower()):
            raise UsageError(
                f"this command runs nothing on {name.strip()}", f"{ON_DEVICES} do; `edgekit devices` lists the others."
            )
    return select_machines(device)


def chosen_machine(device: str) -> "Machine | None":
    """The one machine of `--device`; None is this one. Raises UsageError for several, and as `chosen_machines`."""
    return only_one(chosen_machines(device), device)


def only_one(machines: "list[One]", device: str) -> "One":
    """The one machine that is named. Raises UsageError for several."""
    if len(machines) > 1:
        raise UsageError(f"--device {device} names {len(machines)} machines", "Name one of them.")
    return machines[0]


def device_words(machine: "Machine | None") -> list[str]:
    """The flag as it is typed; nothing for this machine."""
    return [] if machine is None else ["--device", machine.name]
