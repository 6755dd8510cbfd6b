"""Runs the matrix: what is done is taken from its records, the rest shares one executor run."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import msgspec

from edgekit import __version__
from edgekit.calibration.photos import BUNDLED
from edgekit.calibration.prepare import calibrated_input
from edgekit.calibration.prepared import CalibrationFile
from edgekit.catalog import Model
from edgekit.devices.machine import Machine, runs_nowhere
from edgekit.errors import EdgekitError
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.inputs.size import Size
from edgekit.matrix.alone import alone_in
from edgekit.matrix.cell import WEIGHTS, Cell, meaning
from edgekit.matrix.estimate import Estimate, emulated_cost, stage_cost
from edgekit.matrix.machine import this_machine
from edgekit.matrix.record import INPUT_NAME, Keep, check_record, is_done, read_record
from edgekit.matrix.report import DeviceTitle, MatrixReport, TargetTitle, all_tools, count_outcomes
from edgekit.matrix.sources import Entry, Group, find_sources, make_entries, make_groups
from edgekit.matrix.space import check_space, remove_outputs
from edgekit.matrix.work import Workshop, now
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.limits import RUN_THREADS
from edgekit.pipeline.outcome import Event
from edgekit.pipeline.source import CatalogSource
from edgekit.pipeline.target import Target
from edgekit.quantities.conditions import busy_words, is_busy
from edgekit.shards import Shard

# How many groups are open at once: enough to keep the cores busy while one waits for a long conversion, few
# enough that timed runs come soon, and that with `--keep reports` little lies on the disk.
WINDOW = 3
EXPORT = "paddle/export"
TIMED = f"p50 of one call on {RUN_THREADS} threads; edgekit ran nothing beside it"
UNTIMED = "not measured: runs shared the machine, on one core each"


@dataclass(frozen=True)
class MatrixRequest:
    """What to run: models on targets, with which weights; `timed` runs have the machine to themselves.

    `calibration` are the photos that INT8 is calibrated on, a folder or "bundled".

    `machines` are those that artifacts run on, None this one; on emulated ones models are converted at the input size
    `small` where it is given and they take it, and run on few samples, since each takes long there. `shard` says which
    part of a larger matrix these models are.
    """

    models: list[Model]
    targets: list[Target]
    weights: str
    out: Path
    precision: Precision = "fp32"
    calibration: str = BUNDLED
    keep: Keep = "artifacts"
    timed: bool = True
    offline: bool = False
    command: str = "edgekit matrix"
    machines: Sequence[Machine | None] = (None,)
    small: Size | None = None
    shard: Shard | None = None

    def targets_by_machine(self) -> dict[Machine | None, list[Target]]:
        """The targets that run on each machine. Raises UsageError for a machine on which none does."""
        found = {one: [target for target in self.targets if target.runs_on(one)] for one in self.machines}
        for machine, there in found.items():
            if machine is not None and not there:
                raise runs_nowhere((target.name for target in self.targets), machine)
        return found

    def places(self) -> list[tuple[Target, Machine | None]]:
        """What a model has a cell for, in the order of the targets."""
        there = self.targets_by_machine()
        return [(target, one) for target in self.targets for one in self.machines if target in there[one]]


@dataclass
class Progress:
    """How far a run is: `finished` of `total` cells, `kept` of them from earlier runs."""

    total: int
    estimate: Estimate
    finished: int = 0
    kept: int = 0


CellPlace = tuple[str, str, str | None]
"""Model, target, and emulated machine."""
Watch = Callable[[Progress, Cell | None], None]


def run_matrix(request: MatrixRequest, executor: Executor, watch: Watch = lambda *_: None) -> MatrixReport:
    """Convert and verify every model on every target; returns the report, and writes nothing but what the cells need.

    `watch` is told once at the start (without a cell) and then of every cell that is made. A cell that fails does
    not stop the others. Another run into the same folder is waited for. Raises UsageError for impossible weights, and
    where a file that edgekit did not write lies in the place of a record, AbsentError where the disk is too small.
    """
    for model in request.models:
        for target, machine in request.places():
            check_record(request.out, model.name, target.name, machine and machine.name, request.precision)
    with alone_in(request.out, executor.store.cache, executor.toolchain.notify):
        return run_alone(request, executor, watch)


def run_alone(request: MatrixRequest, executor: Executor, watch: Watch) -> MatrixReport:
    """The same, with no other run beside it."""
    started = time.monotonic()

    def found(models: list[Model], size: Size | None) -> dict[str, CatalogSource | EdgekitError]:
        store, offline = executor.store, request.offline
        return find_sources(models, request.weights, store.cache, offline=offline, notify=store.notify, input_size=size)

    sources = found(request.models, None)
    small = (
        found([one for one in request.models if one.architecture.takes(size)], size) if (size := request.small) else {}
    )
    cells: dict[CellPlace, Cell] = {}
    entries: list[Entry] = []
    prepared: dict[tuple[Preprocessing, Size], CalibrationFile] = {}
    for model in request.models:
        source, smaller = sources[model.name], small.get(model.name)
        if isinstance(source, EdgekitError) or isinstance(smaller, EdgekitError):
            error = source if isinstance(source, EdgekitError) else smaller
            assert isinstance(error, EdgekitError)
            for target, machine in request.places():
                cell = without_source(model, target, machine, request, error)
                cells[place_of(cell)] = cell
        else:
            entries += make_entries(
                source,
                request.targets_by_machine(),
                timed=request.timed,
                small=smaller,
                precision=request.precision,
                calibrations=calibrations(
                    request, executor, [one for one in (source, smaller) if one is not None], prepared
                ),
            )
    open_entries = [entry for entry in entries if not take_record(entry, request, cells)]

    estimate = Estimate()
    progress = Progress(len(request.models) * len(request.places()), estimate, len(cells), len(cells))
    watch(progress, None)

    def settled(cell: Cell) -> None:
        cells[place_of(cell)] = cell
        progress.finished += 1
        watch(progress, cell)

    groups = make_groups(open_entries)
    window = executor.window(WINDOW)
    check_space(groups, request.keep, window, request.out, executor.store.root)
    for group in groups:
        expect(group, estimate)
    observed = executor.observe

    def observe(event: Event) -> None:
        estimate.observe(event)
        observed(event)

    executor = replace(executor, observe=observe)
    workshop = Workshop(executor, request.out, request.keep, request.timed, estimate, settled)
    executor.work((workshop.job(group) for group in groups), window)
    if request.keep == "reports":
        # A run that was killed after it judged, and one that kept artifacts, left artifacts that are not wanted now.
        for group in make_groups(entries):
            remove_outputs(group, request.out, executor.store)
    ordered = tuple(
        cells[model.name, target.name, machine and machine.name]
        for model in request.models
        for target, machine in request.places()
    )
    return make_report(request, ordered, time.monotonic() - started, executor.where)


def calibrations(
    request: MatrixRequest,
    executor: Executor,
    sources: list[CatalogSource],
    prepared: dict[tuple[Preprocessing, Size], CalibrationFile],
) -> dict[Size, CalibrationFile]:
    """The prepared photos for each input size of a model, where the precision needs some.

    `prepared` has those of the models before, which share them: hashing hundreds of photos takes a while. Raises
    UsageError for photos that will not do.
    """
    if request.precision != "int8":
        return {}
    found = {}
    for one in sources:
        known = one.preprocessing, one.input_size
        if known not in prepared:
            prepared[known] = calibrated_input(one, INPUT_NAME, one.input_size, executor, request.calibration)
        found[one.input_size] = prepared[known]
    return found


def place_of(cell: Cell) -> CellPlace:
    """Which cell it is."""
    return cell.model, cell.target, cell.machine


def take_record(entry: Entry, request: MatrixRequest, cells: dict[CellPlace, Cell]) -> bool:
    """Take an entry's cell from its record where that is done. A failure that nobody expects is tried again."""
    record = read_record(request.out, entry.source.name, entry.target.name, entry.machine_name, request.precision)
    if record is None or not is_done(record, entry.key, entry.folder(request.out), request.keep):
        return False
    outcome = meaning(record.cell.status, record.cell.stage, entry.expected)
    if outcome == "failed":
        return False
    expected = entry.expected and entry.expected.reason
    cell = msgspec.structs.replace(record.cell, outcome=outcome, expected=expected)
    cells[place_of(cell)] = cell
    return True


def expect(group: Group, estimate: Estimate) -> None:
    """Count the work on a group: its models share every stage, so one counts for all."""
    source = group.entries[0].source
    parameters = source.parameters or 0
    for stage in group.outputs():
        estimate.expect(group.key, stage.worker, stage_cost(parameters / 1e6, run=False))
    pixels = prod(source.input_size) / prod(Size.of(source.model.input_size))
    for worker, machine in group.run_workers():
        cost = stage_cost(parameters / 1e6, run=True)
        if machine is not None:
            cost = emulated_cost(source.model.published.flops_g, pixels)
        estimate.expect(group.key, worker, cost, machine)


def without_source(
    model: Model, target: Target, machine: Machine | None, request: MatrixRequest, error: EdgekitError
) -> Cell:
    """The cell of a model whose weights are not to be had, or that PaddleClas itself cannot run.

    The latter is what the catalog says of it, so it is expected.
    """
    return Cell(
        model=model.name,
        family=model.family,
        architecture=model.architecture.name,
        parameters=model.architecture.parameters,
        input_size=Size.of(model.input_size).short,
        target=target.name,
        weights=request.weights,
        key="",
        made=now(),
        status="failed",
        outcome="expected failure" if model.unsupported else "failed",
        stage=EXPORT if model.unsupported else WEIGHTS,
        reason=error.message,
        remedy=error.remedy,
        expected=model.unsupported,
        documented=model.documented,
        machine=machine and machine.name,
        precision=request.precision,
    )


def make_report(request: MatrixRequest, cells: tuple[Cell, ...], seconds: float, where: str = "") -> MatrixReport:
    """The report on cells; `where` says of timed runs that they were not this machine's."""
    return MatrixReport(
        edgekit=__version__,
        made=now(),
        command=request.command,
        seconds=round(seconds, 1),
        machine=this_machine(),
        weights=request.weights,
        precision=request.precision,
        latency=f"{TIMED}{where}{beside(cells)}" if request.timed else UNTIMED,
        targets=tuple(TargetTitle(target.name, target.description.title) for target in request.targets),
        devices=tuple(
            DeviceTitle(one.name, one.processor.title, one.architecture.title) for one in request.machines if one
        ),
        here=None in request.machines,
        shards=() if request.shard is None else (request.shard,),
        tools=all_tools(cells),
        counts=count_outcomes(cells),
        cells=cells,
    )


def beside(cells: tuple[Cell, ...]) -> str:
    """How many latencies were measured while other programs kept the machine busy; empty where none was."""
    timed = [cell.ran.latency for cell in cells if cell.ran is not None and cell.ran.latency is not None]
    busy = [latency for latency in timed if is_busy(latency)]
    if not busy:
        return ""
    return (
        f"; {len(busy)} of {len(timed)} were measured beside other programs, and are slower for it ({busy_words(busy)})"
    )
