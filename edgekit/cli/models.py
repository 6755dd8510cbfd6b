"""`edgekit models`: what is known of each model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.catalog import Catalog, Model

CAPTION = (
    "Figures as published by PaddleClas; - is not published. "
    "FLOPs in 10⁹, parameters in 10⁶, top-1 on ImageNet-1k. "
    "Times are milliseconds at batch 1, published, with TensorRT on NVIDIA GPUs: not measured here. "
    "demo: small weights come with edgekit."
)


def models(
    family: Annotated[str | None, typer.Option(help="Only this family, such as PPLCNet.")] = None,
    search: Annotated[str | None, typer.Option(metavar="TEXT", help="Only names and families that hold TEXT.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every backbone of PaddleClas.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the models with their published figures: the documented ones, then what else there is."""
    from edgekit.catalog import load_catalog

    catalog = load_catalog()
    chosen = choose(catalog, family, search, every=every)
    if json_output:
        typer.echo(as_json(chosen))
        return
    from edgekit.cli.console import plain_console

    console = plain_console()
    # A pipe has no width of its own: a table that is read there should not be cut at 80 columns.
    if not console.is_terminal:
        console = plain_console(width=100)
    console.print(as_table(chosen))
    for reason, names in cannot_run(chosen).items():
        console.print(f"{reason}: {', '.join(names)}.", highlight=False)
    if chosen == catalog.models:
        console.print(others(catalog), highlight=False)


def choose(catalog: Catalog, family: str | None, search: str | None, *, every: bool) -> tuple[Model, ...]:
    """The models asked for, the documented ones first. Raises UsageError where there is none."""
    from edgekit.errors import UsageError

    chosen = catalog.models
    if family is not None:
        chosen = catalog.family(family)
    elif search is not None or every:
        chosen = catalog.all_models
    if search is not None:
        found = catalog.search(search)
        chosen = tuple(model for model in chosen if model in found)
        if not chosen:
            raise UsageError(f'no name and no family holds "{search}"', "`edgekit models --all` lists all.")
    return chosen


def cannot_run(chosen: tuple[Model, ...]) -> dict[str, list[str]]:
    """Why models cannot be converted -> their names."""
    reasons: dict[str, list[str]] = {}
    for model in chosen:
        if model.unsupported:
            reasons.setdefault(model.unsupported, []).append(model.name)
    return reasons


def others(catalog: Catalog) -> str:
    """A paragraph on the families that the table leaves out."""
    from collections import Counter

    counts = Counter(model.family for model in catalog.backbones)
    listed = ", ".join(f"{family} {count}" for family, count in counts.items())
    return (
        f"And {counts.total()} more: every other backbone of PaddleClas 2.6.0, PULC's tasks and PP-ShiTu's recogniser "
        f"(--family NAME, --search TEXT, --all): {listed}."
    )


def as_json(chosen: tuple[Model, ...]) -> str:
    """Return one JSON document: a `note` and `models`, each with its figures (null: not published)."""
    import json
    from dataclasses import asdict

    return json.dumps({"note": CAPTION, "models": [asdict(model) for model in chosen]}, indent=2, ensure_ascii=False)


def as_table(chosen: tuple[Model, ...]) -> Table:
    """Return the table for a terminal of 100 columns."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, caption=CAPTION, caption_justify="left", pad_edge=False)
    table.add_column("model", overflow="fold")
    table.add_column("family", no_wrap=True)
    for heading in ("input", "params", "top-1", "FLOPs", "V100\nfp32", "T4\nfp32", "T4\nfp16"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("demo", justify="center")
    for model in chosen:
        table.add_row(*_cells(model))
    return table


def _cells(model: Model) -> list[str]:
    published = model.published
    return [
        model.name,
        model.family,
        size_text(model.input_size),
        _figure(published.params_m),
        "-" if published.top1 is None else f"{published.top1:.1%}",
        _figure(published.flops_g),
        *(_figure(published.milliseconds(gpu, precision, 1)) for gpu, precision in _TIMES),
        "yes" if model.demo_weights else "",
    ]


def size_text(size: int | tuple[int, int]) -> str:
    """A side in pixels, or height x width."""
    return str(size) if isinstance(size, int) else f"{size[0]}x{size[1]}"


_TIMES = (("V100", "fp32"), ("T4", "fp32"), ("T4", "fp16"))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
