"""From the names of `--device` to machines: this one, emulated ones, and devices that are reached."""

from edgekit.devices.machine import HOST, is_reached, select_machines
from edgekit.devices.remote_machine import AnyMachine, reach
from edgekit.devices.side_by_side import asked_side_by_side


def select_any(names: str) -> list[AnyMachine | None]:
    """The machines of a comma-separated list, each once; None is this machine, `host`.

    Devices are asked side by side what they are. Raises UsageError, with the list, for a name that is none, and what
    `reach` raises.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    reached = [name for name in wanted if is_reached(name.lower())]
    # A wrong name is said before any device is asked; where none is named, that is said.
    select_machines(",".join(name for name in wanted if name not in reached) or (HOST if reached else ""))
    found = asked_side_by_side([lower_kind(name) for name in reached], reach)
    answers = dict(zip(reached, found, strict=True))
    chosen: list[AnyMachine | None] = []
    for name in wanted:
        chosen += [answers[name]] if name in answers else select_machines(name)
    return list(dict.fromkeys(chosen))


def lower_kind(name: str) -> str:
    """`ADB:0A1B` as `adb:0A1B`: serial numbers and hosts keep their case."""
    kind, colon, which = name.partition(":")
    return f"{kind.lower()}{colon}{which}"
