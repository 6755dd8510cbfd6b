"""An emulated machine: its name, its processor, and what must be here to emulate it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from edgekit.devices.processors import ARCHITECTURES, Architecture, Processor
from edgekit.errors import UsageError

HOST = "host"
# How devices are reached; a name begins with one.
KINDS = ("adb", "ssh")


@dataclass(frozen=True)
class Machine:
    """A processor that programs of another architecture are run for, one process at a time (QEMU's user mode).

    It says whether a result is right, and nothing of how long a device takes.
    """

    architecture: Architecture
    processor: Processor

    @property
    def name(self) -> str:
        """As `--device` takes it, such as `aarch64:cortex-a53`."""
        return f"{self.architecture.name}:{self.processor.name}"

    @property
    def title(self) -> str:
        """In words, as tables and manifests have it."""
        return f"emulated {self.processor.title}"


class Named(Protocol):
    """Any machine besides this one, emulated or reached."""

    @property
    def name(self) -> str:
        """As `--device` takes it."""
        ...


def is_reached(name: str | None) -> bool:
    """Whether a name is that of a device which is reached by a cable or a network, such as `adb:0A1B2C`."""
    return name is not None and name.partition(":")[0] in KINDS


def runs_nowhere(names: Iterable[str], machine: Named) -> UsageError:
    """The error of a command that was asked for targets on a machine that runs none of them: nothing would be shown."""
    return UsageError(
        f"{', '.join(dict.fromkeys(names))} does not run on {machine.name}", "`edgekit devices` lists what runs where."
    )


def known_machines() -> dict[str, Machine]:
    """Every machine by its name."""
    found = [Machine(one, processor) for one in ARCHITECTURES for processor in one.processors]
    return {machine.name: machine for machine in found}


def select_machines(names: str) -> list[Machine | None]:
    """The machines of a comma-separated list, each once; None is this machine, `host`.

    An architecture alone means its first processor. Raises UsageError, with the list, for a name that is none.
    """
    known = known_machines()
    wanted = [name.strip().lower() for name in names.split(",") if name.strip()]
    chosen: list[Machine | None] = []
    for name in wanted:
        first = next((machine for machine in known.values() if machine.architecture.name == name), None)
        if name != HOST and name not in known and first is None:
            raise UsageError(f"there is no device {name}", f"Devices are {listed_names(known)}.")
        chosen.append(None if name == HOST else known.get(name, first))
    if not chosen:
        raise UsageError("no device is named", f"Devices are {listed_names(known)}.")
    return list(dict.fromkeys(chosen))


def listed_names(known: Iterable[str]) -> str:
    """What can be named, in words."""
    return f"{HOST}, {', '.join(known)}, adb[:SERIAL] and ssh:HOST"
