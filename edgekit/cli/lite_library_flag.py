"""The flag `--lite-library`: a user's own Paddle Lite, for commands that run artifacts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.devices import lite_library
    from edgekit.devices.remote_machine import AnyMachine

LiteLibrary = Annotated[
    Path | None,
    typer.Option(
        "--lite-library",
        metavar="DIR",
        help="Your own Paddle Lite for ARM Linux, unpacked: runs ARM files on --device aarch64 (docs/lite_arm.md). "
        "Without it: the folder in EDGEKIT_LITE_LIBRARY.",
        file_okay=False,
    ),
]


def library_for(given: Path | None, machines: "Sequence[AnyMachine | None]") -> "lite_library.LiteLibrary | None":
    """The user's own Paddle Lite, where an emulated machine is asked for; nothing else can run what it runs.

    Raises UsageError where it cannot be used, or is given for nothing.
    """
    from edgekit.devices.lite_library import chosen_library
    from edgekit.devices.machine import Machine

    if any(isinstance(machine, Machine) for machine in machines):
        return chosen_library(given)
    if given is not None:
        raise UsageError(
            "--lite-library runs ARM files on an emulated processor, and none is asked for",
            "Add --device host,aarch64:cortex-a53.",
        )
    return None
