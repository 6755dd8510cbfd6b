"""Converts a model to every target in every precision, proves each, and measures all of them in turn."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from edgekit.artifact.load import Artifact, load_artifact
from edgekit.artifact.samples import golden_samples
from edgekit.bench.everything.advice import advice, worth
from edgekit.bench.everything.in_turn import Timed, timed_in_turn
from edgekit.bench.everything.other_work import OtherWork
from edgekit.bench.everything.priced import NOT_WORTH, YARDSTICK, Priced, PriceList, Times
from edgekit.bench.ratio import ratio_of
from edgekit.calibration.photos import BUNDLED
from edgekit.calibration.prepare import prepare_calibration
from edgekit.calibration.prepared import CalibrationFile
from edgekit.conversion.convert import convert
from edgekit.conversion.write import Conversion
from edgekit.errors import EdgekitError
from edgekit.evaluate.counting import REFERENCE
from edgekit.evaluate.evaluate import Wish, evaluate
from edgekit.evaluate.figures import Evaluation, Figures
from edgekit.evaluate.opened import check_fits, check_there
from edgekit.evaluate.subject import Subject, artifact_subject
from edgekit.filesystem.scratch import working_folder
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.source import ModelSource
from edgekit.pipeline.target import Target, lack
from edgekit.predict import label
from edgekit.reference.device import cpu_name
from edgekit.verification.check import Check
from edgekit.verification.verify import verify

PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")
THREADS = (1, 2)


def bench_everything(
    source: ModelSource,
    wanted: Sequence[Target],
    executor: Executor,
    *,
    seconds: float,
    data: str = BUNDLED,
    limit: int | None = None,
    calibration: str = BUNDLED,
    out: Path | None = None,
) -> PriceList:
    """Measure every artifact of one model; `seconds` for each number of threads, all artifacts together.

    `data` are the photos that agreement, and with labels accuracy, are of. With `out` the artifacts stay there. What
    fails of a target is a row. Raises UsageError for photos that will not do, and what making the program ends with:
    both before anything is converted.
    """
    prepared = prepared_photos(source, wanted, executor, calibration, data, limit)
    with folder_for(executor, out) as folder:
        rows, artifacts, left_out = converted(source, wanted, folder, executor, prepared)
        judged = verdicts(artifacts, executor)
        # What verification wrote into the manifests belongs to them.
        artifacts = {name: load_artifact(one.folder) for name, one in artifacts.items()}
        runnable = {name: one for name, one in artifacts.items() if judged[name][0] != "not run"}
        found, failed = accuracy(list(runnable.values()), executor, data, limit)
        if (error := failed.pop(REFERENCE, None)) is not None:
            left_out[REFERENCE] = str(error)
        subjects = {name: artifact_subject(one, executor, None) for name, one in runnable.items()}
        timed, busy = times_of(subjects, runnable, executor, seconds)
        figures = {one.name: one for one in found.models} if found else {}
        rows += [
            priced(artifact, judged[name], figures.get(name), failed.get(name), timed.get(name, {}), artifacts)
            for name, artifact in artifacts.items()
        ]
    rows.sort(key=lambda row: (row.target, PRECISIONS.index(row.precision)))  # type: ignore[arg-type]
    return PriceList(
        model=source.name,
        machine=cpu_name(),
        busy_cores=busy,
        data=data,
        photos=found.counted if found else 0,
        rows=rows,
        advice=advice(rows, THREADS[-1]),
        left_out=left_out,
    )


def prepared_photos(
    source: ModelSource,
    wanted: Sequence[Target],
    executor: Executor,
    calibration: str,
    data: str,
    limit: int | None,
) -> CalibrationFile | None:
    """The photos that INT8 is calibrated on, None where no target has it; those in `data` are checked beside them."""
    check_there(data)
    able = any(lack(target, "int8", source.batch) is None for target in wanted)
    prepared = prepare_calibration(source, executor, calibration) if able else None
    check_fits(source, executor, data, limit, prepared)
    return prepared


@contextmanager
def folder_for(executor: Executor, out: Path | None) -> Iterator[Path]:
    """Where the artifacts lie: the user's folder, or one that goes at the end."""
    if out is not None:
        yield out
        return
    with working_folder(executor.store.cache) as folder:
        yield folder


def converted(
    source: ModelSource,
    wanted: Sequence[Target],
    folder: Path,
    executor: Executor,
    calibration: CalibrationFile | None,
) -> tuple[list[Priced], dict[str, Artifact], dict[str, str]]:
    """Rows of what could not be converted, the artifacts by name, and why targets lack a precision."""
    rows: list[Priced] = []
    artifacts: dict[str, Artifact] = {}
    left_out: dict[str, str] = {}
    for precision in PRECISIONS:
        lacking = {
            target.name: lack(target, precision, source.batch) or untimed(target, precision) for target in wanted
        }
        left_out |= {f"{name}-{precision}": why for name, why in lacking.items() if why is not None}
        able = [target for target in wanted if lacking[target.name] is None]
        done = convert(source, able, folder, executor, precision, calibration=calibration or BUNDLED) if able else []
        rows += [failed_row(one, precision) for one in done if one.error is not None]
        artifacts |= {label(one.artifact): one.artifact for one in done if one.artifact is not None}
    return rows, artifacts, left_out


def untimed(target: Target, precision: Precision) -> str | None:
    """Why nothing of a target that runs here can be timed in a precision; None where something can."""
    reasons = [variant.untimed(precision) for variant in target.variants if not variant.not_run]
    return None if "" in reasons or not reasons else f"{target.name} in {precision}: {reasons[0]}"


def failed_row(conversion: Conversion, precision: Precision) -> Priced:
    """The row of a conversion that failed."""
    target = conversion.target
    return Priced(
        name=target.folder(precision),
        target=target.name,
        precision=precision,
        status="failed",
        reason=str(conversion.error),
    )


def verdicts(artifacts: Mapping[str, Artifact], executor: Executor) -> dict[str, tuple[str, str]]:
    """What verification says of each artifact: "passed", "failed" or "not run", and why."""
    checks = verify(list(artifacts.values()), executor) if artifacts else []
    found = {}
    for name, artifact in artifacts.items():
        own = [one for one in checks if one.artifact.folder == artifact.folder]
        found[name] = verdict_of(own)
    return found


def verdict_of(checks: Sequence[Check]) -> tuple[str, str]:
    """The verdict on an artifact with several variants: that of those which ran, a failure before others."""
    said = [
        ("not run", str(one.discarded or one.absent))
        if one.discarded or one.absent
        else (one.found.verdict.status, one.found.verdict.reason)
        for one in checks
    ]
    for wanted in ("failed", "passed"):
        if found := next((one for one in said if one[0] == wanted), None):
            return found
    return said[0] if said else ("not run", "")


def accuracy(
    artifacts: Sequence[Artifact], executor: Executor, data: str, limit: int | None
) -> tuple[Evaluation | None, dict[str, EdgekitError]]:
    """The figures of all artifacts on the same photos, None where none ran; and the errors of those that failed."""
    if not artifacts:
        return None, {}
    with tempfile.TemporaryFile() as results:
        found = evaluate(artifacts, Wish(data, limit=limit), executor, results)
    return found.counted, found.failed


def times_of(
    subjects: Mapping[str, Subject], artifacts: Mapping[str, Artifact], executor: Executor, seconds: float
) -> tuple[dict[str, dict[int, dict[str, Timed]]], float]:
    """By artifact and number of threads the times of all that were timed together; how busy other programs were."""
    found: dict[str, dict[int, dict[str, Timed]]] = {}
    if not subjects:
        return found, 0.0
    manifest = next(iter(artifacts.values())).manifest
    golden = golden_samples(manifest.preprocessing, manifest.inputs[0].name, manifest.batch)
    batch = manifest.batch if isinstance(manifest.batch, int) else 1
    sample = golden.tensors[manifest.inputs[0].name][:batch]
    other = OtherWork()
    with working_folder(executor.store.cache) as scratch:
        for threads in THREADS:
            groups = timed_in_turn(subjects, YARDSTICK, sample, executor, scratch, threads, seconds)
            for name, group in groups.items():
                found.setdefault(name, {})[threads] = group
    return found, other.cores()


def priced(
    artifact: Artifact,
    verdict: tuple[str, str],
    figures: Figures | None,
    failed: EdgekitError | None,
    timed: Mapping[int, Mapping[str, Timed]],
    artifacts: Mapping[str, Artifact],
) -> Priced:
    """The row of one artifact; `failed` is why the photos say nothing of it."""
    manifest, name = artifact.manifest, label(artifact)
    others = {
        one.manifest.precision: other
        for other, one in artifacts.items()
        if one.manifest.target == manifest.target and other != name
    }
    status, reason = verdict if failed is None else ("failed", str(failed))
    times = []
    for threads, group in timed.items():
        own = group[name]
        if own.error is not None:
            status, reason = "failed", str(own.error)
        elif own.rounds:
            times.append(times_beside(threads, own, group, {YARDSTICK, *others.values()}))
    if status == "passed" and (why := worth(manifest.precision, times, others)):
        status, reason = NOT_WORTH, why
    first = timed[THREADS[0]][name] if THREADS[0] in timed else Timed()
    return Priced(
        name=name,
        target=manifest.target,
        precision=manifest.precision,
        status=status,  # type: ignore[arg-type]
        reason=reason,
        file_bytes=deployed_bytes(artifact),
        times=times,
        startup_ms=first.startup_ms,
        peak_memory_bytes=first.peak_memory_bytes,
        agreement=figures.agreement if figures else None,
        top1=figures.top1 if figures else None,
        drop=(figures.map_drop or figures.drop) if figures else None,
    )


def times_beside(threads: int, own: Timed, group: Mapping[str, Timed], others: set[str]) -> Times:
    """Percentiles of an artifact's rounds, and their ratios to others' of the same rounds."""
    import numpy as np

    beside = {
        name: ratio_of(own.rounds, group[name].rounds)
        for name in sorted(others)
        if name in group and len(group[name].rounds) == len(own.rounds)
    }
    p50, p95 = (float(np.percentile(own.rounds, share)) for share in (50, 95))
    return Times(threads, p50, p95, len(own.rounds), beside)


def deployed_bytes(artifact: Artifact) -> int:
    """The size of the files that the variant which runs here loads."""
    from edgekit.predict import runnable

    try:
        roles = set(runnable(artifact).inputs.values())
    except EdgekitError:
        roles = {record.role for record in artifact.manifest.files.values()}
    return artifact.manifest.bytes_of(roles)
