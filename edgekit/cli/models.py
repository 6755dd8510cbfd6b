"""`edgekit models`: what is known of each model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.catalog import Model

CAPTION = (
    "Figures as published by PaddleClas; - is not published. "
    "FLOPs in 10⁹, parameters in 10⁶, top-1 on ImageNet-1k. "
    "Times are milliseconds at batch 1, published, with TensorRT on NVIDIA GPUs: not measured here. "
    "demo: small weights come with edgekit."
)


def models(
    family: Annotated[str | None, typer.Option(help="Only this family, such as MixNet.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the models with their published figures."""
    from edgekit.catalog import load_catalog

    catalog = load_catalog()
    chosen = catalog.models if family is None else catalog.family(family)
    if json_output:
        typer.echo(as_json(chosen))
        return
    from rich.console import Console

    console = Console()
    # A pipe has no width of its own: a table that is read there should not be cut at 80 columns.
    if not console.is_terminal:
        console = Console(width=100)
    console.print(as_table(chosen))


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
        str(model.input_size),
        _figure(published.params_m),
        "-" if published.top1 is None else f"{published.top1:.1%}",
        _figure(published.flops_g),
        *(_figure(published.milliseconds(gpu, precision, 1)) for gpu, precision in _TIMES),
        "yes" if model.demo_weights else "",
    ]


_TIMES = (("V100", "fp32"), ("T4", "fp32"), ("T4", "fp16"))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
