"""`edgekit evaluate`: what artifacts cost in accuracy, on labelled photos."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT, Wanted, conversion_of
from edgekit.cli.common import ChosenPrecision, Json, Offline, Out, Verbose
from edgekit.cli.console import console, error_console, print_json, warn
from edgekit.cli.device_flag import THIS_MACHINE, Device, chosen_one, named_elsewhere
from edgekit.cli.ray_flag import Ray, Store, chosen_cluster, on_cluster
from edgekit.cli.shard_flag import shard_option
from edgekit.cli.usual_command import MERGE, USUAL, UsualCommand, UsualUnlessMerge
from edgekit.errors import AbsentError, UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from edgekit.artifact.load import Artifact
    from edgekit.evaluate.figures import Evaluation

Margin = Annotated[
    float, typer.Option("--margin", metavar="POINTS", help="The drop that matters, in percentage points.")
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="DIR",
        help="Write evaluation.html, evaluation.json, and photos.jsonl, which `edgekit evaluate merge` reads.",
        file_okay=False,
    ),
]


app = typer.Typer(name="evaluate", cls=UsualUnlessMerge, rich_markup_mode=None)


@app.command(USUAL, cls=UsualCommand, short_help="Measure what artifacts cost in accuracy.")
def photos(
    model: Annotated[
        str, typer.Argument(metavar="MODEL|ARTIFACT", help="A converted model by name, or an artifact's folder.")
    ],
    data: Annotated[
        str,
        typer.Option(
            metavar="DIR|ZIP|TAR|LIST|bundled",
            help="Photos in a folder for each class, with val_list.txt, or with the class's number before each name.",
        ),
    ],
    target: Annotated[
        str, typer.Option("--target", "-t", help="Which artifacts of the model, comma-separated, or all.")
    ] = "all",
    precision: Annotated[
        str | None, typer.Option(help=f"Only those of these precisions, comma-separated: {', '.join(ChosenPrecision)}.")
    ] = None,
    list_file: Annotated[
        Path | None,
        typer.Option(
            "--list", metavar="FILE", help="What is on the photos, where the data does not say so: PHOTO CLASS lines."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many photos, at even distances.", min=1)] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Every N-th photo from the I-th on; merge puts shards together.")
    ] = None,
    reference: Annotated[
        bool, typer.Option("--reference/--no-reference", help="Run the program in Paddle in FP32 beside the artifacts.")
    ] = True,
    margin: Margin = 0.5,
    device: Device = THIS_MACHINE,
    ray: Ray = None,
    store: Store = None,
    report: Report = None,
    out: Out = DEFAULT_OUT,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Measure what artifacts cost in accuracy: the same photos for them and for the model in Paddle in FP32.

    `edgekit evaluate merge RESULTS...` puts shards together. An interrupted run goes on where it was.
    """
    from edgekit.cli.evaluate_progress import evaluation_session
    from edgekit.cli.named_artifacts import chosen_artifacts, named_artifacts
    from edgekit.cli.predict import warn_of_unproved
    from edgekit.evaluate.evaluate import Wish, evaluate

    check_margin(margin)
    cluster = chosen_cluster(ray, store)
    # Who runs it has to reach it, and that is another machine.
    elsewhere = named_elsewhere(device) if cluster else None
    machine = None if cluster else chosen_one(device)
    check_report(report)
    wish = Wish(data, list_file, limit, shard_option(shard), reference, margin, machine)
    precisions = asked_precisions(precision)
    wanted = Wanted(target, precisions[0] if precisions else None)
    chosen = chosen_artifacts(named_artifacts([model], out, wanted), wanted, model)
    artifacts = of_precisions(chosen, precisions, wanted)
    if len({one.manifest.model.name for one in artifacts}) > 1:
        raise UsageError(f"{model} holds artifacts of several models", "Name one model, or one artifact's folder.")
    warn_of_unproved(artifacts)
    with (
        evaluation_session(offline=offline, verbose=verbose) as (executor, display),
        results_file() as results,
    ):
        if cluster is None:
            found = evaluate(artifacts, wish, executor, results, display.watch, display.notify)
        else:
            from edgekit.cluster.evaluation import evaluate_on_cluster

            with on_cluster(executor, cluster) as many:
                found = evaluate_on_cluster(artifacts, wish, elsewhere, many, results, display.notify)
        if found.counted is not None and report is not None:
            results.flush()
            write_report(report, found.counted, Path(results.name))
    if found.counted is not None:
        show(found.counted, json=json)
    elif len(found.failed) == 1:
        raise next(iter(found.failed.values()))
    for name, error in found.failed.items():
        error_console().print(f"edgekit: {name}: {error}", soft_wrap=True)
    return found.exit_status


@app.command(MERGE, short_help="Put the results of shards together.")
def merge(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULTS...", help="photos.jsonl of each shard, or the folders they lie in.")
    ],
    margin: Margin = 0.5,
    report: Report = None,
    json: Json = False,
) -> int:
    """Put the results of shards together: the figures of all their photos."""
    from edgekit.evaluate.merge import merge as merge_results
    from edgekit.shards import missing_shards

    check_margin(margin)
    check_report(report)
    with results_file() as merged:
        evaluation = merge_results(results, margin, merged)
        if report is not None:
            merged.flush()
            write_report(report, evaluation, Path(merged.name))
    for number, parts in missing_shards(evaluation.about.shards):
        warn(f"shard {number} of {parts} is missing: the figures are those of the others")
    show(evaluation, json=json)
    return 0


def check_margin(margin: float) -> None:
    """Raise UsageError for a margin that is none."""
    if not 0 <= margin < 100:
        raise UsageError(f"--margin {margin:g} is no drop in percentage points", "Give a number from 0 to 100.")


def asked_precisions(text: str | None) -> list[str]:
    """The precisions of `--precision`; none where it is not given. Raises UsageError for one that is none."""
    from edgekit.parity.verdict import Precision

    asked = [one.strip().lower() for one in (text or "").split(",") if one.strip()]
    if unknown := [one for one in asked if one not in get_args(Precision)]:
        raise UsageError(f"there is no precision {unknown[0]}", f"Those are {', '.join(get_args(Precision))}.")
    return asked


def of_precisions(artifacts: list["Artifact"], asked: list[str], wanted: Wanted) -> list["Artifact"]:
    """Those artifacts that have the precisions asked for, all where none is. Raises AbsentError for one without any."""
    chosen = [one for one in artifacts if one.manifest.precision in asked]
    if missing := [one for one in asked if one not in {found.manifest.precision for found in chosen}]:
        raise AbsentError(
            f"{artifacts[0].manifest.model.name} has no {missing[0]} artifact among those chosen",
            f"Run `{conversion_of(artifacts[0], replace(wanted, precision=missing[0]))}` first.",
        )
    return chosen if asked else artifacts


@contextmanager
def results_file() -> Iterator[Any]:
    """A file for what comes of each photo, gone at the end."""
    import tempfile

    with tempfile.NamedTemporaryFile(prefix="edgekit-evaluation-", suffix=".jsonl") as file:
        yield file


def check_report(folder: Path | None) -> None:
    """Raise UsageError, before any work, where somebody else's files lie where the report belongs."""
    if folder is not None:
        from edgekit.report.evaluation_files import check_folder

        check_folder(folder)


def write_report(folder: Path, evaluation: "Evaluation", results: Path) -> None:
    """Write the report, and say where it is."""
    from edgekit.report.evaluation_files import write_folder

    write_folder(folder, evaluation, results)
    error_console().print(f"{folder}/: evaluation.html, evaluation.json, photos.jsonl", style="dim", soft_wrap=True)


def show(evaluation: "Evaluation", *, json: bool) -> None:
    """Print the figures."""
    if json:
        print_json(evaluation)
        return
    for one in evaluation_shown(evaluation):
        console().print(one)


def evaluation_shown(evaluation: "Evaluation") -> "Iterator[Table | str]":
    """What is printed of an evaluation."""
    from edgekit.report.evaluation_table import evaluation_table, label_table
    from edgekit.report.evaluation_text import notes

    yield evaluation_table(evaluation)
    if evaluation.about.output_kind == "sigmoid":
        yield label_table(evaluation)
    yield from notes(evaluation)
