"""The flag `--device`: where artifacts run. One flag with the same words and errors for every command that has it."""

from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.devices.machine import Machine

THIS_MACHINE = "host"
HELP = "host, or an emulated machine such as aarch64:cortex-a53 (`edgekit devices`)."

Devices = Annotated[
    str, typer.Option("--device", metavar="NAME,...", help=f"Where artifacts run, comma-separated: {HELP}")
]
"""For commands that show what several machines make of the same artifacts."""
Device = Annotated[str, typer.Option("--device", metavar="NAME", help=f"Where artifacts run: {HELP}")]
"""For commands that ask one machine."""


def chosen_machines(device: str) -> "list[Machine | None]":
    """The machines of `--device`, each once; None is this one. Raises UsageError for an unknown name."""
    from edgekit.devices.machine import select_machines

    return select_machines(device)


def chosen_machine(device: str) -> "Machine | None":
    """The one machine of `--device`; None is this one. Raises UsageError for several, and as `chosen_machines`."""
    machines = chosen_machines(device)
    if len(machines) > 1:
        raise UsageError(f"--device {device} names {len(machines)} machines", "Name one of them.")
    return machines[0]


def device_words(machine: "Machine | None") -> list[str]:
    """The flag as it is typed; nothing for this machine."""
    return [] if machine is None else ["--device", machine.name]
