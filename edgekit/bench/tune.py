"""Settings of a runtime: a few are tried on an artifact, and the fastest that still passes goes into its manifest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from edgekit.artifact.judged import check_judged
from edgekit.artifact.load import Artifact, load_artifact
from edgekit.artifact.manifest import SIGNATURE
from edgekit.artifact.write import locked, write_manifest
from edgekit.bench.ratio import Ratio, ratio_of
from edgekit.bench.rewrites import Version, interleaved_stage, middle
from edgekit.bench.run import Timing
from edgekit.calibration.photos import BUNDLED
from edgekit.calibration.prepare import needed_calibration
from edgekit.conversion.convert import convert
from edgekit.errors import AbsentError, EdgekitError, UsageError
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.plan import plan_conversion
from edgekit.pipeline.source import ModelSource
from edgekit.pipeline.target import Target, Variant
from edgekit.reference.device import cpu_name
from edgekit.verification.verify import verify

Settings = dict[str, bool | int | str]
ROUNDS = 2
"""One setting at a time, then all together that were faster."""


class TuneRow(Struct, frozen=True, kw_only=True):
    """One choice of settings on one artifact's variant, beside the usual ones. `kept`: it went into the manifest."""

    model: str
    target: str
    variant: str
    settings: Settings
    about: str = ""
    status: str = "measured"
    reason: str = ""
    exit_status: int = 0
    ratio: Ratio | None = None
    p50_ms: float | None = None
    kept: bool = False


class TuneReport(Struct, frozen=True):
    """All rows, and the machine they were measured on."""

    machine: str
    threads: int
    rows: list[TuneRow]

    @property
    def exit_status(self) -> int:
        """That of the first failure, else 0."""
        return next((row.exit_status for row in self.rows if row.status == "failed"), 0)


def bench_settings(
    sources: Sequence[ModelSource],
    wanted: Sequence[Target],
    out: Path,
    executor: Executor,
    timing: Timing,
    precision: Precision = "fp32",
) -> TuneReport:
    """Convert to `out/<model>/<target>` what is not there yet, and tune each artifact within `timing.seconds`.

    What fails is a row. Raises UsageError as `convert` does.
    """
    rows = [
        row
        for source in sources
        for conversion in convert(source, list(wanted), out, executor, precision)
        for row in tuned(source, conversion.target, conversion.artifact or conversion.error, executor, timing)
    ]
    return TuneReport(cpu_name(), timing.threads, rows)


def candidates(target: Target, threads: int) -> Iterator[tuple[Settings, str]]:
    """What is tried on a target, one thing at a time."""
    if target.description.settings and threads > 1:
        yield {"threads": 1}, "one thread"
    yield from ((dict(one.options), one.about) for one in target.description.settings)


def tuned(
    source: ModelSource, target: Target, made: Artifact | EdgekitError | None, executor: Executor, timing: Timing
) -> Iterator[TuneRow]:
    """The rows of one artifact; its manifest gets the fastest settings."""
    told: dict[str, Any] = {"model": source.name, "target": target.name, "variant": ""}
    if not isinstance(made, Artifact):
        assert made is not None  # a conversion has an artifact or an error
        yield stopped(made, told)
        return
    tried = list(candidates(target, timing.threads))
    manifest = made.manifest
    runnable = [one for one in target.variants_of(manifest.build) if not one.untimed(manifest.precision)]
    if not tried or not runnable:
        reason = "it has no settings to try" if not tried else "it does not run here"
        yield TuneRow(settings={}, status="not run", reason=reason, **told)
        return
    variant = runnable[0]
    told["variant"] = variant.name
    try:
        rows = measured(source, target, made, variant, tried, executor, timing, told)
        faster = {name: value for row in rows if won(row) for name, value in row.settings.items()}
        if len([row for row in rows if won(row)]) > 1:
            rows += measured(
                source, target, made, variant, [(faster, "those that were faster")], executor, timing, told
            )
        best = min(
            (row for row in rows if won(row)), key=lambda row: row.ratio.median if row.ratio else 1, default=None
        )
        reason = keep(made, best.settings if best else {}, executor)
    except EdgekitError as error:
        yield stopped(error, told)
        return
    for row in rows:
        yield replace(row, kept=row is best and not reason, reason=reason if row is best else "")


def won(row: TuneRow) -> bool:
    """Whether a choice was measured to be faster than the usual settings."""
    return row.ratio is not None and row.ratio.verdict == "faster"


def stopped(error: EdgekitError, told: Mapping[str, Any]) -> TuneRow:
    """The row of what an error stopped."""
    status = "not run" if isinstance(error, UsageError | AbsentError) else "failed"
    return TuneRow(settings={}, status=status, reason=error.message, exit_status=error.exit_status, **told)


def measured(
    source: ModelSource,
    target: Target,
    artifact: Artifact,
    variant: Variant,
    tried: Sequence[tuple[Settings, str]],
    executor: Executor,
    timing: Timing,
    told: Mapping[str, Any],
) -> list[TuneRow]:
    """The usual settings and each choice in turn, in one process, in a share of the time. Raises what it ends with."""
    manifest = artifact.manifest
    asked = manifest.calibration.source if manifest.calibration else BUNDLED
    plan = plan_conversion(
        source,
        [target],
        manifest.precision,
        speed=None if manifest.speed_rewrites else (),
        calibration=needed_calibration(source, manifest.precision, executor, asked),
    )
    usual = replace(manifest, settings={})
    labels = {f"v{number}": Version("", (), plan) for number in range(len(tried) + 1)}
    settings: list[dict[str, Any]] = [{}, *({"settings": options} for options, _ in tried)]
    share = changed(timing, seconds=timing.seconds / ROUNDS)
    stage = interleaved_stage(labels, [usual] * len(labels), variant, target, executor, share, settings)
    try:
        times = executor.run([stage]).result(stage).details["times"]
    finally:
        executor.store.forget(stage)
    return [
        TuneRow(
            settings=options,
            about=about,
            ratio=ratio_of(times[f"v{number}"], times["v0"]),
            p50_ms=middle(times[f"v{number}"]),
            **told,
        )
        for number, (options, about) in enumerate(tried, 1)
    ]


def keep(artifact: Artifact, settings: Settings, executor: Executor) -> str:
    """Write settings into a manifest and verify with them; returns why they were taken back, where they were.

    A signed manifest stays as it is. Raises SupersededError where the artifact was changed meanwhile.
    """
    before = artifact.manifest
    if before.settings == settings:
        return ""
    if (artifact.folder / SIGNATURE).exists():
        return "the manifest is signed, and stays as it is"
    write_settings(artifact, settings)
    checks = verify([load_artifact(artifact.folder)], executor)
    failed = next((one for one in checks if one.found.verdict.status == "failed"), None)
    if failed is None:
        return ""
    write_settings(load_artifact(artifact.folder), before.settings)
    return f"it does not pass with these settings: {failed.found.verdict.reason}"


def write_settings(artifact: Artifact, settings: Settings) -> None:
    """Put settings in the place of a manifest's; verdicts with others go. Raises SupersededError."""
    with locked(artifact.folder):
        check_judged(artifact)
        # What the verdicts were of is no more what it will run with.
        write_manifest(artifact.folder, replace(artifact.manifest, settings=settings, verdicts=()))
