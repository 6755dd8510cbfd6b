"""An emulated machine: its name, its processor, and what must be here to emulate it."""

from collections.abc import Iterable
from dataclasses import dataclass

from edgekit.devices.processors import ARCHITECTURES, Architecture, Processor
from edgekit.errors import UsageError

HOST = "host"


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


def runs_nowhere(names: Iterable[str], machine: Machine) -> UsageError:
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
            raise UsageError(f"there is no device {name}", f"Devices are {HOST}, {', '.join(known)}.")
        chosen.append(None if name == HOST else known.get(name, first))
    if not chosen:
        raise UsageError("no device is named", f"Devices are {HOST}, {', '.join(known)}.")
    return list(dict.fromkeys(chosen))
