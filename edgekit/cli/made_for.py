"""The note that an artifact was made for another instruction set than that of the device that gets it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from edgekit.cli.console import warn

if TYPE_CHECKING:
    from edgekit.artifact.load import Artifact
    from edgekit.devices.remote_machine import AnyMachine


def warn_of(artifacts: "Iterable[Artifact]", *instruction_sets: str) -> None:
    """Say of each artifact which rewrites for speed it has that were not measured to pay on these."""
    from edgekit.artifact.made_for import note_on_device

    notes = [note_on_device(one.manifest, name) for one in artifacts for name in instruction_sets]
    for note in dict.fromkeys(note for note in notes if note is not None):
        warn(note)


def warn_of_devices(artifacts: "Iterable[Artifact]", machines: "Sequence[AnyMachine | None]") -> None:
    """The same for phones and boards that are reached: emulated machines say nothing of speed."""
    from edgekit.devices.remote_machine import RemoteMachine

    reached = dict.fromkeys(one.architecture.name for one in machines if isinstance(one, RemoteMachine))
    if reached:
        warn_of(artifacts, *reached)
