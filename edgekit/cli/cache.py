"""`edgekit cache`: show, prune, clear and check what edgekit keeps."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli.common import Json
from edgekit.cli.console import console, print_json, warn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgekit.cache.contents import Entry, Kind
    from edgekit.cache.evict import Pruning

DAMAGED = 1
"""The exit status of `verify` where something is not what was written."""

app = typer.Typer(
    name="cache",
    help="Show what edgekit keeps and what takes room, and remove it; nothing that a running edgekit uses.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Clearable(StrEnum):
    """What `clear` takes."""

    stages = "stages"
    inputs = "inputs"
    evaluations = "evaluations"
    received = "received"
    weights = "weights"
    downloads = "downloads"
    references = "references"
    sources = "sources"
    environments = "environments"
    devices = "devices"
    logs = "logs"
    hashes = "hashes"


# What comes again from the network or from other people only when it is asked for.
DEAR = (
    Clearable.downloads,
    Clearable.references,
    Clearable.sources,
    Clearable.environments,
    Clearable.devices,
)


@app.command(short_help="Show what takes room.")
def show(json: Json = False) -> None:
    """Show what takes room in the cache by kind, when it was used last, and the bound."""
    from edgekit.cache import cache_folder
    from edgekit.cache.bound import cache_bound
    from edgekit.cache.contents import EVICTABLE, contents, links, total_bytes
    from edgekit.quantities.sizes import readable_size

    folder, bound = cache_folder(), cache_bound()
    found = contents(folder)
    counted, linked = total_bytes(one for one in found if one.kind in EVICTABLE), links(folder)
    if json:
        print_json(
            {
                "folder": folder,
                "bytes": total_bytes(found),
                "bound_bytes": bound,
                "counted_bytes": counted,
                "kinds": [kind_document(kind, found) for kind in kinds_of(found)],
                "links": linked,
            }
        )
        return
    show_table(found)
    said = "none" if bound is None else readable_size(bound)
    text = (
        f"{folder}: {readable_size(total_bytes(found))}. {', '.join(EVICTABLE)} take {readable_size(counted)}; their "
        f"bound is {said}."
    )
    console().print(text, markup=False, highlight=False, soft_wrap=True)
    for link in linked:
        warn(f"{link} is a link: what it leads to is not counted, and never cleared")


def kinds_of(found: "Sequence[Entry]") -> "list[Kind]":
    """The kinds that there are, in the order of the table."""
    from edgekit.cache.contents import ABOUT

    return [kind for kind in ABOUT if any(one.kind == kind for one in found)]


def kind_document(kind: "Kind", found: "Sequence[Entry]") -> dict:
    """The JSON of one kind; `used` is in seconds since 1970, of the entry that was used last."""
    from edgekit.cache.contents import ABOUT, total_bytes

    own = [one for one in found if one.kind == kind]
    used = max(one.used for one in own)
    return {"kind": kind, "about": ABOUT[kind], "entries": len(own), "bytes": total_bytes(own), "used": used}


def show_table(found: "Sequence[Entry]") -> None:
    """Print one line a kind."""
    import time

    from rich import box
    from rich.table import Table

    from edgekit.quantities.sizes import readable_size

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("kind", no_wrap=True)
    table.add_column("what")
    table.add_column("entries", justify="right")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("last used", justify="right", no_wrap=True)
    for kind in kinds_of(found):
        one = kind_document(kind, found)
        days = int((time.time() - one["used"]) / 86400)
        when = "today" if days < 1 else f"{days} d ago"
        table.add_row(kind, one["about"], str(one["entries"]), readable_size(one["bytes"]), when)
    console().print(table)


@app.command(short_help="Remove what is old, or too much.")
def prune(
    keep_days: Annotated[
        float | None,
        typer.Option("--keep-days", metavar="N", min=0, help="Remove what was not used for N days."),
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option("--max-size", metavar="SIZE", help="Then what was used least recently, until SIZE is left: 20GB."),
    ] = None,
    json: Json = False,
) -> None:
    """Remove what edgekit makes again by itself. Without flags: down to the bound that holds anyway.

    Toolchains go only by age, and only those that this edgekit has no use for; downloads and references stay.
    """
    from edgekit.cache import cache_folder
    from edgekit.cache.bound import cache_bound, parse_size
    from edgekit.cache.evict import prune as prune_cache
    from edgekit.doctor import toolchains
    from edgekit.toolchain.environment import environment_folder

    folder = cache_folder()
    asked = keep_days is not None or max_size is not None
    most = parse_size(max_size, "--max-size") if max_size is not None else None if asked else cache_bound()
    needed = {environment_folder(one, folder).name for one, _ in toolchains()}
    done = prune_cache(folder, keep_days=keep_days, max_bytes=most, unused=lambda path: path.name not in needed)
    tell(done, json)


@app.command(short_help="Remove all, or all of some kinds.")
def clear(
    kinds: Annotated[
        list[Clearable] | None,
        typer.Argument(metavar="[KIND...]", help="Kinds, as `show` names them; else all that comes again by itself."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Toolchains, downloads and imported references too.")] = False,
    json: Json = False,
) -> None:
    """Remove everything, or everything of some kinds, that is not in use."""
    from edgekit.cache import cache_folder
    from edgekit.cache.evict import clear as clear_cache
    from edgekit.errors import UsageError

    if kinds and every:
        raise UsageError("--all is every kind, and some are named", "Leave one of the two out.")
    wanted = kinds or [kind for kind in Clearable if every or kind not in DEAR]
    named: set[Kind] = {kind.value for kind in wanted}
    if not kinds:
        named.add("leftovers")
    tell(clear_cache(cache_folder(), named), json)


def tell(done: "Pruning", json: bool) -> None:
    """Say what was removed, and what was not."""
    from edgekit.quantities.sizes import readable_size

    if json:
        print_json(pruning_document(done))
        return
    text = f"{len(done.removed)} removed, {readable_size(done.freed)} freed"
    if done.in_use:
        text += f"; {done.in_use} stay, since a running edgekit uses them"
    console().print(text, highlight=False)
    for path in done.failed:
        warn(f"{path} could not be removed: check its permissions")


def pruning_document(done: "Pruning") -> dict:
    """The JSON of what was removed."""
    removed: list[dict[str, str | Path]] = [{"kind": one.kind, "path": one.path} for one in done.removed]
    return {"removed": removed, "freed_bytes": done.freed, "in_use": done.in_use, "failed": done.failed}


@app.command(short_help="Read everything, and compare it with its hashes.")
def verify(json: Json = False) -> int:
    """Read every byte that enters a conversion, a reference or a verdict, and name what is not what was written.

    It need not be removed: what is damaged is made again when it is used. Ends with 1 where something is.
    """
    from edgekit.cache import cache_folder
    from edgekit.cache.check import check
    from edgekit.quantities.sizes import readable_size

    done = list(check(cache_folder()))
    damaged = [one for one in done if one.damage]
    size = sum(one.entry.bytes for one in done)
    if json:
        listed = [{"kind": one.entry.kind, "path": one.entry.path, "damage": one.damage} for one in damaged]
        print_json({"checked": len(done), "bytes": size, "damaged": listed})
        return DAMAGED if damaged else 0
    for one in damaged:
        console().print(f"{one.entry.path}: {one.damage}", markup=False, highlight=False, soft_wrap=True)
    again = "; they are made again when they are used" if damaged else ""
    console().print(f"{len(done)} checked, {readable_size(size)}; {len(damaged)} damaged{again}", highlight=False)
    return DAMAGED if damaged else 0
