"""`edgekit bench`: how fast, how big."""

import re
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.artifact.conversion_command import DEFAULT_OUT
from edgekit.cli.common import (
    TARGETS,
    Json,
    Offline,
    Verbose,
    batch_option,
    model_sources,
)
from edgekit.cli.console import console, print_json, warn
from edgekit.cli.device_flag import THIS_MACHINE, Devices, chosen_any
from edgekit.cli.model_flags import ModelFlags, takes_model_flags
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgekit.bench.rewrites import RewriteReport
    from edgekit.bench.row import Report
    from edgekit.bench.run import Timing
    from edgekit.bench.tune import TuneReport
    from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
    from edgekit.pipeline.source import ModelSource


ALL_SECONDS = 60.0
"""How long --all times with each number of threads, where it is not said."""
MOST_ASKED_SECONDS = 3600.0
"""Of --seconds."""


class Compute(StrEnum):
    """What `--precision` takes."""

    fp32 = "fp32"
    fp16 = "fp16"
    int8 = "int8"


@takes_model_flags
def bench(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL|FOLDER...", help="Models by name, or Paddle inference models.")
    ],
    model: ModelFlags,
    target: Annotated[str, typer.Option("--target", "-t", help=f"{TARGETS}, comma-separated, or all.")] = "",
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="FP32, FP16 and INT8 on every target in turn: time, size, accuracy, and which to ship."
        ),
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(metavar="DIR|ZIP|TAR", help="--all: the photos of agreement and accuracy (docs/evaluate.md)."),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="--all: at most so many photos.", min=1)] = None,
    calibration: Annotated[
        str | None, typer.Option(metavar="DIR|bundled", help="--all: the photos that INT8 is calibrated on.")
    ] = None,
    report_folder: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="--all: write bench.json, bench.svg, bench.png.", file_okay=False),
    ] = None,
    batch: Annotated[
        str, typer.Option(metavar="N[,N]", help="Samples per call; published times are of 1, 4 and 8.")
    ] = "1",
    precision: Annotated[Compute, typer.Option(help="fp16, int8 where the target has it.")] = Compute.fp32,
    threads: Annotated[int | None, typer.Option(help="CPU threads of a run; two where it is not said.", min=1)] = None,
    repeats: Annotated[
        int | None,
        typer.Option(help="Calls that are timed; 1,024 within 60 s or more where it is not said.", min=3, max=100_000),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after about so long, after three calls at the least.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="50 calls or 10 s: a first look, which counts as no valid figure.")
    ] = False,
    sustained: Annotated[
        str | None, typer.Option(metavar="TIME", help="Go on for so long (30m, 90s): p50 by the minute, throttling.")
    ] = None,
    cores: Annotated[
        str, typer.Option(metavar="big|little|N-M", help="Time on these cores alone, by their kind or their numbers.")
    ] = "",
    record: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Also write what --json prints, for edgekit compare.")
    ] = None,
    device: Devices = THIS_MACHINE,
    rewrites: Annotated[
        bool,
        typer.Option("--rewrites", help="Time each rewrite for speed beside the graph as it was written, in turn."),
    ] = False,
    tune: Annotated[
        bool,
        typer.Option(
            "--tune",
            help="Try settings of the runtimes, within --seconds; the fastest that passes goes into manifests.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Also write the artifacts: OUT/batch-N/<model>/<target>/; with --tune, --all OUT/<model>/<target>/.",
        ),
    ] = None,
    json: Json = False,
    offline: Offline = False,
    verbose: Verbose = False,
) -> int:
    """Convert models at each batch and time them in their own runtimes, beside the published TensorRT times.

    On another machine (--device) they are run and judged; on a phone or a board they are timed, emulated they are not.
    """
    from edgekit.bench.rewrites import bench_rewrites as run_rewrites
    from edgekit.bench.run import bench as run_bench
    from edgekit.bench.tune import bench_settings as run_tuning
    from edgekit.cli.session import session
    from edgekit.devices.system_state import core_numbers
    from edgekit.pipeline.target import check_precision, left_out_of_all, select_targets

    of_all = {"--data": data, "--limit": limit, "--calibration": calibration, "--report": report_folder}
    if everything:
        others = {
            "--rewrites": rewrites, "--tune": tune, "--record": record, "--cores": cores, "--sustained": sustained,
            "--threads": threads, "--repeats": repeats, "--quick": quick,
        }  # fmt: skip
        if given := next((flag for flag, value in others.items() if value), None):
            raise UsageError(f"{given} is for one measurement, and --all is another", "Leave one of the two out.")
        if precision is not Compute.fp32:
            raise UsageError("--all takes every precision", "Leave --precision out.")
        if chosen_any(device) != [None]:
            raise UsageError("--all times what runs on this machine, and no other", "Leave --device out.")
        sources = model_sources(models, model.options(single_batch(batch)), offline=offline)
        return price(
            sources, target or "all", seconds, data, limit, calibration, report_folder, out,
            offline=offline, verbose=verbose, json=json,
        )  # fmt: skip
    if given := next((flag for flag, value in of_all.items() if value is not None), None):
        raise UsageError(f"{given} is for --all", "Add --all, or leave it out.")
    if not target:
        raise UsageError("no target is named", "Add --target, such as --target onnx; --all takes every target.")
    if cores:
        core_numbers(cores)  # what cannot be is said before minutes are spent
    machines = chosen_any(device)
    wanted = select_targets(target)
    left_out = left_out_of_all(target, wanted, precision.value, 1)
    wanted = [one for one in wanted if one.name not in left_out]
    for reason in left_out.values():
        warn(f"left out of all: {reason}")
    check_precision(wanted, precision.value)
    other = tune or rewrites
    timing = timing_of(repeats, seconds, quick=quick or other, sustained=sustained)
    timing = replace(timing, cores=cores, **({"threads": threads} if threads else {}))
    if other and (
        given := next(
            (
                flag
                for flag, one in (
                    ("--quick", quick),
                    ("--sustained", sustained),
                    ("--cores", cores),
                    ("--record", record),
                )
                if one
            ),
            None,
        )
    ):
        raise UsageError(f"{given} is for the latency alone", "Leave it out, or --tune and --rewrites.")
    if record is not None:
        # Before a measurement of minutes, and again when it is written.
        check_record(record)
    sources = []
    for size in batches(batch):
        sources += model_sources(models, model.options(size), offline=offline)
    # Model by model, each at its batches.
    names = list(dict.fromkeys(source.name for source in sources))
    sources.sort(key=lambda source: names.index(source.name))
    if tune and rewrites:
        raise UsageError("--tune and --rewrites are two measurements", "Ask for one of them.")
    if tune and any(machine is not None for machine in machines):
        raise UsageError("--tune times what runs on this machine, and no other", "Leave --device out.")
    if tune:
        with session(offline=offline, verbose=verbose) as executor:
            tuned = run_tuning(sources, wanted, out or DEFAULT_OUT, executor, timing, precision.value)
        if json:
            print_json(tuned)
        else:
            show_tuning(tuned)
        return tuned.exit_status
    if rewrites:
        if out is not None:
            raise UsageError("--rewrites writes no artifacts, and --out says where to", "Leave one of the two out.")
        with session(offline=offline, verbose=verbose) as executor:
            found = run_rewrites(sources, wanted, executor, timing, precision.value, machines=timed_machines(machines))
        if json:
            print_json(found)
        else:
            show_rewrites(found)
        return found.exit_status
    with session(offline=offline, verbose=verbose) as executor:
        report = run_bench(sources, wanted, executor, timing, precision.value, out, machines)
    if record is not None:
        write_record(record, report)
    if json:
        print_json(report)
    else:
        show(report)
    return report.exit_status


def timed_machines(machines: "Sequence[AnyMachine | None]") -> "list[RemoteMachine | None]":
    """This machine and devices. Raises UsageError for an emulated one, whose times say nothing."""
    from edgekit.devices.remote_machine import RemoteMachine

    for machine in machines:
        if machine is not None and not isinstance(machine, RemoteMachine):
            raise UsageError(
                f"--rewrites times, and what {machine.name} takes is the emulator's",
                "Name a phone or a board, as in --device adb, or leave --device out.",
            )
    return [machine for machine in machines if machine is None or isinstance(machine, RemoteMachine)]


def single_batch(text: str) -> int:
    """The one number of `--batch`. Raises UsageError for several."""
    sizes = batches(text)
    if len(sizes) > 1:
        raise UsageError(f"--batch {text} are several, and --all measures one", "Give one number.")
    return sizes[0]


def price(
    sources: "list[ModelSource]",
    target: str,
    seconds: float | None,
    data: str | None,
    limit: int | None,
    calibration: str | None,
    report: Path | None,
    out: Path | None,
    *,
    offline: bool,
    verbose: bool,
    json: bool,
) -> int:
    """`--all`: measure everything of one model. Raises UsageError for several models."""
    from edgekit.bench.everything.run import bench_everything
    from edgekit.calibration.photos import BUNDLED
    from edgekit.cli.session import session
    from edgekit.pipeline.target import select_targets
    from edgekit.report.price_list_files import check_folder, write_folder
    from edgekit.report.price_list_table import price_list_notes, price_list_table

    if len(sources) > 1:
        raise UsageError(f"--all measures one model, and {len(sources)} are named", "Name one.")
    check_seconds(seconds)
    if report is not None:
        check_folder(report)
    with session(offline=offline, verbose=verbose) as executor:
        found = bench_everything(
            sources[0],
            select_targets(target),
            executor,
            seconds=seconds or ALL_SECONDS,
            data=data or BUNDLED,
            limit=limit,
            calibration=calibration or BUNDLED,
            out=out,
        )
    if report is not None:
        write_folder(report, found)
    if json:
        print_json(found)
        return found.exit_status
    console().print(price_list_table(found))
    for note in price_list_notes(found):
        console().print(note, markup=False, highlight=False)
    return found.exit_status


def check_seconds(seconds: float | None) -> None:
    """Raise UsageError for what `--seconds` cannot be."""
    if seconds is not None and not 0 < seconds <= MOST_ASKED_SECONDS:
        raise UsageError(
            f"--seconds {seconds:g} is out of range", f"Give more than 0 and at most {MOST_ASKED_SECONDS:g}."
        )


def timing_of(repeats: int | None, seconds: float | None, *, quick: bool, sustained: str | None) -> "Timing":
    """How to time. Raises UsageError for a time that is none, and flags that contradict each other."""
    from edgekit.bench.run import MOST_SECONDS, Timing
    from edgekit.bench.validity import LEAST_RUNS, LEAST_SECONDS

    check_seconds(seconds)
    if sustained is not None:
        if repeats is not None or seconds is not None or quick:
            raise UsageError("--sustained says how long it takes", "Leave --repeats, --seconds and --quick out.")
        lasting = duration(sustained)
        return Timing(repeats=LEAST_RUNS, seconds=lasting, least_seconds=lasting, sustained=True)
    if quick or repeats is not None or seconds is not None:
        usual = Timing()
        return Timing(repeats=repeats or usual.repeats, seconds=seconds or usual.seconds, quick=quick)
    return Timing(repeats=LEAST_RUNS, seconds=MOST_SECONDS, least_seconds=LEAST_SECONDS)


def duration(text: str) -> float:
    """The seconds of `90s`, `30m` or `1h`. Raises UsageError for anything else, or more than a day."""
    match = re.fullmatch(r"(\d{1,6})([smh])", text.strip().lower())
    seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]] if match else 0
    if not 60 <= seconds <= 86400:
        raise UsageError(f"--sustained {text} is no time from 1 minute to a day", "Give 30m, 90s or 1h.")
    return float(seconds)


def check_record(path: Path) -> None:
    """Raise UsageError where something else lies, or there is no folder."""
    from edgekit.filesystem.owned import check_file, check_place

    check_place(path, "--record")
    check_file(path, "record", lambda start: b'"published_are"' in start)


def write_record(path: Path, report: "Report") -> None:
    """Write what `--json` prints into a file. Raises UsageError where something else lies there."""
    from edgekit.filesystem.owned import write_whole
    from edgekit.untrusted.json_document import encode_json

    check_record(path)
    write_whole(path, encode_json(report) + b"\n")


def batches(text: str) -> list[int]:
    """The numbers of `--batch`. Raises UsageError for anything else, `dynamic` too: a time is that of one batch."""
    sizes = [batch_option(part.strip()) for part in text.split(",") if part.strip()]
    fixed = [size for size in sizes if isinstance(size, int)]
    if not fixed or len(fixed) != len(sizes):
        raise UsageError(f"--batch {text} is impossible", "Give numbers, such as 1,4,8.")
    return list(dict.fromkeys(fixed))


def show_rewrites(report: "RewriteReport") -> None:
    """Print a table for each model, and what the figures mean."""
    from edgekit.bench.rewrites_table import rewrites_notes, rewrites_table

    for model in dict.fromkeys(row.model for row in report.rows):
        console().print(rewrites_table([row for row in report.rows if row.model == model]))
    for note in rewrites_notes(report):
        console().print(note, markup=False, highlight=False)


def show_tuning(report: "TuneReport") -> None:
    """Print what each setting does, and what became of the fastest."""
    from edgekit.bench.tune_table import tune_notes, tune_table

    for model in dict.fromkeys(row.model for row in report.rows):
        console().print(tune_table([row for row in report.rows if row.model == model]))
    for note in tune_notes(report):
        console().print(note, markup=False, highlight=False)


def show(report: "Report") -> None:
    """Print a table for each model, and what the figures mean."""
    from edgekit.bench.table import bench_notes, bench_table, emulated_table
    from edgekit.devices.machine import is_reached

    for model in dict.fromkeys(row.model for row in report.rows):
        rows = [row for row in report.rows if row.model == model]
        if timed := [row for row in rows if row.machine is None or is_reached(row.machine)]:
            console().print(bench_table(timed))
        if there := [row for row in rows if row.machine is not None and not is_reached(row.machine)]:
            console().print(emulated_table(there))
    for note in bench_notes(report):
        console().print(note, markup=False, highlight=False)
