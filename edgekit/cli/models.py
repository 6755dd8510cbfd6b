"""`edgekit models`: what is known of each model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgekit.catalog import Catalog, Model
    from edgekit.report.fitted_table import Column

CAPTION = (
    "Figures as published by PaddleClas; - is not published. "
    "FLOPs in 10⁹, parameters in 10⁶, top-1 on ImageNet-1k. "
    "Times are milliseconds at batch 1, published, with TensorRT on NVIDIA GPUs: not measured here. "
    "demo: small weights come with edgekit."
)

TASKS = "On their own tasks, as published; times of Paddle with oneDNN on 10 threads of a Xeon Gold 6148:"


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
    from edgekit.cli.console import print_note, print_table, results_width
    from edgekit.report.fitted_table import fitting, table_of

    shown, left_out = fitting(columns(chosen), results_width())
    print_table(table_of(shown))
    if left_out:
        titles = ", ".join(column.title for column in left_out)
        print_note(f"Left out for want of room: {titles}. A wider terminal or --json has them.")
    print_note(CAPTION, style="dim")
    for line in task_figures(chosen):
        print_note(line)
    for reason, names in cannot_run(chosen).items():
        print_note(f"{reason}: {', '.join(names)}.")
    if chosen == catalog.models:
        print_note(others(catalog))


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


def task_figures(chosen: tuple[Model, ...]) -> list[str]:
    """What was published of models on tasks of their own, a line each."""
    lines = [
        f"{model.name}: {task.metric} {task.value:.2%}, {task.milliseconds:.2f} ms"
        for model in chosen
        if (task := model.published.task) is not None
    ]
    return [TASKS, *lines] if lines else []


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


def columns(chosen: tuple[Model, ...]) -> list[Column]:
    """The table's columns: of the figures times are the least needed, top-1 is the most."""
    from edgekit.report.fitted_table import Column

    published = [model.published for model in chosen]
    accuracies = ["-" if one.top1 is None else f"{one.top1:.1%}" for one in published]
    times = [
        Column(
            f"{gpu}\n{precision}", [_figure(one.milliseconds(gpu, precision, 1)) for one in published], "right", place
        )
        for place, (gpu, precision) in enumerate(_TIMES, 7)
    ]
    return [
        Column("model", [model.name for model in chosen]),
        Column("family", [model.family for model in chosen], spare=5),
        Column("input", [size_text(model.input_size) for model in chosen], "right", 3),
        Column("params", [_figure(one.params_m) for one in published], "right", 2),
        Column("top-1", accuracies, "right", 1),
        Column("FLOPs", [_figure(one.flops_g) for one in published], "right", 6),
        *times,
        Column("demo", ["yes" if model.demo_weights else "" for model in chosen], "center", 4),
    ]


def size_text(size: int | tuple[int, int]) -> str:
    """A side in pixels, or height x width."""
    return str(size) if isinstance(size, int) else f"{size[0]}x{size[1]}"


_TIMES = (("V100", "fp32"), ("T4", "fp32"), ("T4", "fp16"))


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
