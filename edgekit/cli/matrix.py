"""`edgekit matrix`: every model on every target."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli.common import (
    Calibration,
    ChosenPrecision,
    Json,
    Junit,
    Offline,
    Weights,
    check_calibration,
    size_option,
)
from edgekit.cli.console import console, print_json, print_table, results_width, warn
from edgekit.cli.device_flag import THIS_MACHINE, EmulatedDevices, chosen_machines
from edgekit.cli.ray_flag import Ray, Store, chosen_cluster, chosen_executor
from edgekit.cli.shard_flag import shard_option
from edgekit.cli.usual_command import MERGE, USUAL, UsualCommand, UsualUnlessMerge
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table
    from rich.text import Text

    from edgekit.catalog import Catalog, Model
    from edgekit.devices.machine import Machine
    from edgekit.inputs.size import Size
    from edgekit.matrix.report import MatrixReport

SYNTHETIC = "synthetic:0"
SupportPage = Annotated[
    Path | None, typer.Option("--support-page", help="Also write the table to this Markdown file.", dir_okay=False)
]
# Of the memory that is free at the start; the rest is for the estimates' errors and for everybody else.
MEMORY_SHARE = 0.9


class Keep(StrEnum):
    """What a matrix leaves."""

    artifacts = "artifacts"
    reports = "reports"


app = typer.Typer(name="matrix", cls=UsualUnlessMerge, rich_markup_mode=None)


@app.command(USUAL, cls=UsualCommand, short_help="Convert and verify every model on every target.")
def matrix(
    models: Annotated[
        str | None,
        typer.Option(
            "--models", "-m", metavar="PATTERN", help="Names and globs, such as 'ResNet*_vd,MixNet_S'; '*' is all."
        ),
    ] = None,
    breadth: Annotated[
        bool, typer.Option("--breadth", help="The documented models, and the smallest of every other family.")
    ] = False,
    target: Annotated[str, typer.Option("--target", "-t", help="As for convert.")] = "all",
    weights: Weights = SYNTHETIC,
    precision: Annotated[
        ChosenPrecision, typer.Option(help="As for convert; `all` leaves out the targets without it.")
    ] = ChosenPrecision.fp32,
    calibration: Calibration = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for artifacts, matrix.json and matrix.html.", file_okay=False)
    ] = Path("matrix"),
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", help="Stages side by side; all cores where it is not said.", min=1)
    ] = None,
    keep: Annotated[
        Keep, typer.Option(help="artifacts, or only the reports: then a model's files go once it is judged.")
    ] = Keep.artifacts,
    device: EmulatedDevices = THIS_MACHINE,
    device_input_size: Annotated[
        str | None,
        typer.Option(
            metavar="PX|HxW",
            help="On emulated machines convert to this input size, where runs take seconds: 64 suits every CNN here.",
        ),
    ] = None,
    latency: Annotated[
        bool,
        typer.Option(
            "--latency/--no-latency",
            help="Time each run alone on the machine; without, runs share it and no latency is reported.",
        ),
    ] = True,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="The I-th of N parts of about the same cost; merge puts reports together."),
    ] = None,
    ray: Ray = None,
    store: Store = None,
    support_page: SupportPage = None,
    junit: Junit = None,
    json: Json = False,
    offline: Offline = False,
) -> int:
    """Convert and verify every documented model on every target. An interrupted run goes on where it was.

    `edgekit matrix merge DIR...` puts the reports of parts (--shard) together.
    """
    from edgekit.calibration.photos import BUNDLED
    from edgekit.catalog import load_catalog
    from edgekit.cli.matrix_progress import matrix_session
    from edgekit.matrix.run import MatrixRequest, run_matrix
    from edgekit.matrix.shards import models_of
    from edgekit.pipeline.target import check_precision, left_out_of_all, select_targets
    from edgekit.report.junit import cases_of_matrix, check_junit, write_junit
    from edgekit.report.matrix_files import check_outputs, write_report

    check_outputs(out, support_page)
    if junit is not None:
        check_junit(junit)
    machines, part = chosen_machines(device), shard_option(shard)
    cluster = chosen_cluster(ray, store)
    small = emulated_size(device_input_size, machines)
    check_calibration(calibration, precision)
    targets = select_targets(target)
    left_out = left_out_of_all(target, targets, precision.value, 1)
    targets = [one for one in targets if one.name not in left_out]
    check_precision(targets, precision.value)
    request = MatrixRequest(
        models=models_of(chosen_models(models, load_catalog(), breadth=breadth), part),
        targets=targets,
        weights=weights,
        out=out,
        precision=precision.value,
        calibration=calibration or BUNDLED,
        keep=keep.value,
        timed=latency,
        offline=offline,
        command=command_line(
            models,
            target,
            weights,
            machines,
            small,
            latency=latency,
            breadth=breadth,
            precision=precision.value,
            calibration=calibration,
        ),
        machines=machines,
        small=small,
        shard=part,
    )
    with (
        matrix_session(offline=offline, jobs=jobs, memory_share=MEMORY_SHARE) as (executor, display),
        chosen_executor(executor, cluster, jobs) as chosen,
    ):
        report = run_matrix(request, chosen, display.watch)
    write_report(report, out, support_page)
    if junit is not None:
        write_junit(junit, cases_of_matrix(report))
    for reason in left_out.values():
        warn(f"left out of all: {reason}")
    return told(report, out, json=json)


@app.command(MERGE, short_help="Put several reports together.")
def merge(
    reports: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="The folders of the reports, or the matrix.json in them.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for matrix.json and matrix.html of all.", file_okay=False)
    ] = Path("matrix"),
    support_page: SupportPage = None,
    junit: Junit = None,
    json: Json = False,
) -> int:
    """Put reports together: of parts (--shard), or of other models, targets and devices."""
    from edgekit.matrix.merge import merge as merge_reports
    from edgekit.report.junit import cases_of_matrix, check_junit, write_junit
    from edgekit.report.matrix_files import check_outputs, write_report
    from edgekit.report.matrix_text import parts_text

    check_outputs(out, support_page)
    if junit is not None:
        check_junit(junit)
    report = merge_reports(reports)
    write_report(report, out, support_page)
    if junit is not None:
        write_junit(junit, cases_of_matrix(report))
    if lacking := parts_text(report):
        warn(f"{lacking}: the table is that of the others")
    return told(report, out, json=json)


def told(report: "MatrixReport", out: Path, *, json: bool) -> int:
    """Show a report; the exit status that it means."""
    if json:
        print_json(report)
    else:
        show_report(report, out)
    return int(bool(report.bad))


def emulated_size(text: str | None, machines: "list[Machine | None]") -> "Size | None":
    """The value of --device-input-size. Raises UsageError where it is none, or no emulated machine is asked for."""
    if text is not None and not any(machines):
        raise UsageError("--device-input-size is for emulated machines, and none is named", "Add --device.")
    return size_option(text, "--device-input-size")


def chosen_models(patterns: str | None, catalog: "Catalog", *, breadth: bool) -> list["Model"]:
    """The models that the flags mean; the documented ones where nothing is said. Raises UsageError for both flags."""
    from edgekit.matrix.selection import one_of_each_family, select_models

    if patterns is not None and breadth:
        raise UsageError("--breadth and --models choose different models", "Give one of them.")
    if patterns is not None:
        return select_models(patterns, catalog)
    return one_of_each_family(catalog) if breadth else list(catalog.models)


def command_line(
    models: str | None,
    target: str,
    weights: str,
    machines: "list[Machine | None]",
    small: "Size | None",
    *,
    latency: bool,
    breadth: bool,
    precision: str = "fp32",
    calibration: str | None = None,
) -> str:
    """The command that makes the same table, without what concerns only this machine."""
    parts = ["edgekit", "matrix"]
    parts += ["--models", models] if models is not None else []
    parts += ["--breadth"] if breadth else []
    parts += ["--target", target] if target != "all" else []
    parts += ["--weights", weights] if weights != SYNTHETIC else []
    parts += ["--precision", precision] if precision != "fp32" else []
    parts += ["--calibration", calibration] if calibration is not None else []
    named = ",".join(machine.name if machine else THIS_MACHINE for machine in machines)
    parts += ["--device", named] if named != THIS_MACHINE else []
    parts += ["--device-input-size", str(small)] if small else []
    parts += [] if latency else ["--no-latency"]
    return shlex.join(parts)


def show_report(report: "MatrixReport", out: Path) -> None:
    """Print the table, a line for each cell that needs one, and where the pages lie."""
    from rich.text import Text

    for shown in report_shown(report, out, results_width()):
        if isinstance(shown, Text | str):
            console().print(shown, soft_wrap=True)
        else:
            print_table(shown)


def report_shown(report: "MatrixReport", out: Path, width: int | None) -> "Iterator[Table | Text | str]":
    """What is printed of a report, on `width` columns; None is no bound."""
    from edgekit.matrix.report import outcome_sentence
    from edgekit.quantities.durations import readable_duration
    from edgekit.report.matrix_table import STYLES, matrix_tables
    from edgekit.report.matrix_text import cell_name, why
    from edgekit.report.styled import styled

    for machine in [*([None] if report.here else []), *(one.name for one in report.devices)]:
        yield from matrix_tables(report, width, machine)
    for cell in report.noted:
        yield styled((f"{cell_name(cell)} {cell.outcome}", STYLES[cell.outcome]), f": {why(cell)}")
    yield f"{outcome_sentence(report)} in {readable_duration(report.seconds)}."
    yield f"Latency: {report.latency}. Pages: {out / 'matrix.html'}, {out / 'matrix.json'}"
