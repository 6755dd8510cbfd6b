"""A device that is reached by a cable or a network, as a machine that artifacts run on."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edgekit.devices.adb import find_phone
from edgekit.devices.client import allowed_seconds
from edgekit.devices.connection import Connection
from edgekit.devices.machine import KINDS, Machine
from edgekit.devices.remote_errors import last_words
from edgekit.devices.ssh import Ssh
from edgekit.errors import AbsentError, UsageError
from edgekit.native.architectures import Architecture, find_architecture
from edgekit.pipeline.instruction_set import INSTRUCTION_SETS
from edgekit.untrusted.wording import harmless

# One line each. Android has getprop; boards have a device tree, PCs what their firmware says.
QUESTIONS = """uname -m
getprop ro.product.manufacturer 2>/dev/null || echo
getprop ro.product.model 2>/dev/null || { cat /proc/device-tree/model 2>/dev/null | tr -d '\\000' && echo; }
getprop ro.product.cpu.abi 2>/dev/null || echo
cat /sys/class/dmi/id/product_name 2>/dev/null || echo"""
ASK_SECONDS = 30.0
LONGEST = 60


@dataclass(frozen=True)
class RemoteMachine:
    """A device that answers: how it is reached, what runs its programs, its `model`, and its ABI as Android names it.

    It computes and takes as long as it does: its latencies are those of a device.
    """

    connection: Connection
    architecture: Architecture = field(hash=False)
    model: str
    abi: str = ""

    @property
    def name(self) -> str:
        """As `--device` takes it, such as `adb:0A1B2C` or `ssh:board`."""
        return self.connection.name

    @property
    def title(self) -> str:
        """In words, as tables and manifests have it."""
        return f"{self.model} ({self.abi or self.architecture.title})"


AnyMachine = Machine | RemoteMachine


def ask(connection: Connection, cancelled: threading.Event | None = None) -> RemoteMachine:
    """What a device says of itself. Raises AbsentError for one out of reach, UsageError where no runner is for it."""
    said = connection.run(QUESTIONS, seconds=ASK_SECONDS, cancelled=cancelled)
    lines = [harmless(line.strip())[:LONGEST] for line in said.stdout.splitlines()]
    if not lines or not lines[0]:
        raise AbsentError(f"{connection.name} does not say what it is: {last_words(said.stdout, said.stderr)}")
    kind, maker, model, abi, product = (lines + [""] * 5)[:5]
    if (known := INSTRUCTION_SETS.get(kind)) is None:
        raise UsageError(
            f"{connection.name} is a device with {kind}, for which no runner can be built",
            f"Runners are built for {', '.join(dict.fromkeys(INSTRUCTION_SETS.values()))}.",
        )
    named = model if model.lower().startswith(maker.lower()) else f"{maker} {model}"
    return RemoteMachine(connection, find_architecture(known), named.strip() or product or kind, abi)


def reach(name: str, cancelled: threading.Event | None = None) -> RemoteMachine:
    """The device of a name: `adb`, `adb:SERIAL` or `ssh:HOST`.

    Raises AbsentError where it cannot be had, UsageError for one that cannot be meant or that no runner is for.
    """
    kind, _, which = name.partition(":")
    seconds = allowed_seconds()
    finders: Mapping[str, Callable[[], Connection]] = {
        "adb": lambda: find_phone(which or None, seconds=seconds, cancelled=cancelled),
        "ssh": lambda: Ssh(which, seconds),
    }
    assert kind in KINDS
    return ask(finders[kind](), cancelled)
