"""`edgekit devices` and `edgekit device setup`: machines that artifacts run on, and how an emulated one is prepared."""

from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli.common import Json, Offline
from edgekit.cli.console import console, error_console, print_json
from edgekit.cli.doctor import STYLES
from edgekit.report.styled import styled

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.devices.examine import Found

app = typer.Typer(name="device", help="Prepare a machine to run artifacts on.", no_args_is_help=True)


def devices(
    boards: Annotated[
        list[str] | None, typer.Argument(metavar="[ssh:HOST]...", help="Boards to look for; phones are listed by adb.")
    ] = None,
    json: Json = False,
) -> None:
    """List where artifacts can run: this machine, emulated ones, phones on a cable, and boards that you name."""
    from edgekit.cache import cache_folder
    from edgekit.devices.examine import examine_machines
    from edgekit.errors import UsageError

    for name in boards or []:
        if not name.startswith("ssh:"):
            raise UsageError(f"{name} is no board", "Name one as in ssh:HOST; all else is listed without being named.")
    found = examine_machines(cache_folder(), boards or [])
    if json:
        print_json({"devices": found})
        return
    console().print(device_table(found))
    for one in found:
        if one.status != "ready":
            # Many a reason begins with the name.
            said = f"{one.detail.removeprefix(one.name)}."
            console().print(styled((one.name, "bold"), said if said.startswith(" ") else f": {said}"))


@app.callback()
def group() -> None:
    """Prepare a machine to run artifacts on."""


@app.command()
def setup(
    name: Annotated[str, typer.Argument(metavar="DEVICE", help="A name from `edgekit devices`, such as aarch64.")],
    offline: Offline = False,
) -> None:
    """Put what an emulated machine needs into the cache: system files, and each runtime's packages for it."""
    from edgekit.cache import cache_folder
    from edgekit.devices.emulation import emulated_python
    from edgekit.devices.examine import runtimes
    from edgekit.devices.machine import select_machines
    from edgekit.errors import UsageError

    def notify(message: str) -> None:
        error_console().print(message, style="dim", soft_wrap=True)

    machines = [machine for machine in select_machines(name) if machine is not None]
    if not machines:
        raise UsageError(f"{name} needs no preparation", "`edgekit devices` lists the others.")
    for machine in machines:
        for requirements in runtimes(machine):
            emulated_python(machine, requirements, cache_folder(), notify, offline=offline)
        console().print(f"{machine.name} is ready: edgekit verify MODEL --device {machine.name}")


def device_table(found: list["Found"]) -> "Table":
    """Names, states and what each is."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("device", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("what it is")
    table.add_column("targets")
    for one in found:
        table.add_row(one.name, styled((one.status, STYLES[one.status])), one.title, ", ".join(one.targets))
    return table
