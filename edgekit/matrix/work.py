"""The work on one group of models, as a job: convert to every target, then verify cell by cell."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edgekit.artifact.load import Artifact, read_manifest
from edgekit.artifact.manifest import VariantVerdict
from edgekit.conversion.write import write_conversion
from edgekit.errors import AbsentError, EdgekitError, UsageError
from edgekit.matrix.cell import ARTIFACT, ENVIRONMENT, PARITY, Cell, meaning, status_of
from edgekit.matrix.estimate import Estimate
from edgekit.matrix.record import Keep, Record, stamps, write_record
from edgekit.matrix.sources import Entry, Group, lineage
from edgekit.matrix.space import remove_outputs
from edgekit.pipeline.execute import Executor, Job
from edgekit.pipeline.outcome import Outcomes
from edgekit.pipeline.store import StageResult
from edgekit.verification.check import Check
from edgekit.verification.judge_artifact import judge_artifact
from edgekit.verification.preparation import Preparation, prepare

# Packages that every worker has, and that say nothing about a target.
COMMON_TOOLS = ("numpy", "safetensors", "protobuf")


@dataclass(frozen=True)
class Workshop:
    """What the jobs of a matrix share. `settled` is told every cell that is made, after its record is written."""

    executor: Executor
    out: Path
    keep: Keep
    timed: bool
    estimate: Estimate
    settled: Callable[[Cell], None]

    def job(self, group: Group) -> Job:
        """Convert a group, verify its cells one after another, write each one's record."""
        wanted = group.conversions()
        self.estimate.own(group.key, wanted)
        outcomes = yield wanted
        # All artifacts are written before the timed runs begin: then nothing is copied or hashed beside those.
        artifacts: dict[Path, Artifact | EdgekitError] = {}
        prepared = [(entry, self.prepare(entry, outcomes, artifacts)) for entry in group.entries]
        for entry, ready in prepared:
            if isinstance(ready, Cell):
                self.settle(ready, None)
                continue
            stages = ready.stages
            self.estimate.own(group.key, stages)
            outcomes = yield stages
            self.settle(judged_cell(entry, ready, outcomes), ready.artifact)
        self.estimate.drop(group.key)
        if self.keep == "reports":
            remove_outputs(group, self.out, self.executor.store)

    def prepare(
        self, entry: Entry, outcomes: Outcomes, artifacts: dict[Path, Artifact | EdgekitError]
    ) -> Preparation | Cell:
        """Write an entry's artifact, once for all machines, and plan its verification; a failed cell where that
        cannot be."""
        folder = entry.folder(self.out)
        try:
            if folder not in artifacts:
                artifacts[folder] = self.written(entry, outcomes)
            found = artifacts[folder]
            if isinstance(found, EdgekitError):
                raise found
            # An artifact for emulated machines alone needs no timed reference either.
            timed = self.timed and not entry.place
            on = entry.machine
            return prepare(found, self.executor, timed=timed, machine=on, few=on is not None)
        except EdgekitError as error:
            failed = next((at for stage in lineage(entry.conversion) if (at := outcomes.failed_at(stage))), None)
            return failed_cell(entry, failed.name if failed else ARTIFACT, error)

    def written(self, entry: Entry, outcomes: Outcomes) -> Artifact | EdgekitError:
        """An entry's artifact on disk, or why there is none."""
        try:
            artifact = write_conversion(entry.plan, entry.target, outcomes, self.out / entry.place).artifact
        except EdgekitError as error:
            return error
        assert artifact is not None  # it raises where there is none
        return artifact

    def settle(self, cell: Cell, artifact: Artifact | None) -> None:
        """Write a cell's record and tell of it."""
        kept = stamps(artifact.folder, cell.files) if artifact is not None and self.keep == "artifacts" else {}
        write_record(self.out, Record(cell, kept))
        self.settled(cell)


def judged_cell(entry: Entry, ready: Preparation, outcomes: Outcomes) -> Cell:
    """The cell of an artifact whose runs are done."""
    # What was found of it on another machine meanwhile is to stay.
    ready = replace(ready, artifact=with_verdicts(ready.artifact))
    try:
        checks = judge_artifact([ready], outcomes)
    except EdgekitError as error:
        failed = outcomes.failed_at(ready.reference)
        return failed_cell(entry, failed.name if failed else ARTIFACT, error)
    status = status_of(tuple(check.found for check in checks))
    stage, reason = failing(checks, ready, outcomes)
    made = [outcomes.by_key.get(one.key) for one in (*lineage(entry.conversion), *ready.stages)]
    results = [result for result in made if isinstance(result, StageResult)]
    own = [result for result in results if result.worker != ready.reference.worker]
    return make_cell(
        entry,
        status=status,
        stage=stage,
        reason=reason,
        variants=tuple(check.found for check in checks),
        files=ready.artifact.manifest.files,
        tools={tool: version for one in own for tool, version in one.tools.items() if tool not in COMMON_TOOLS},
        reference_latency=outcomes.result(ready.reference).details["latency"],
        seconds=round(sum(result.wall_seconds for result in results), 1),
    )


def with_verdicts(artifact: Artifact) -> Artifact:
    """The artifact with the verdicts that its manifest holds now; as it was read where there is none any more."""
    try:
        now_there = read_manifest(artifact.folder)
    except UsageError:
        return artifact
    added = {name: getattr(now_there, name) for name in ("verdicts", "golden", "samples")}
    return replace(artifact, manifest=msgspec.structs.replace(artifact.manifest, **added))


def failing(checks: list[Check], ready: Preparation, outcomes: Outcomes) -> tuple[str, str]:
    """Where the first failed variant failed, and why; without one, what kept those from running that did not."""
    for check in checks:
        if check.found.verdict.status == "failed":
            run = ready.runs[check.variant.name]
            if isinstance(outcomes.by_key.get(run.key), AbsentError):
                return ENVIRONMENT, check.found.verdict.reason
            stage = outcomes.failed_at(run) or (run if check.variant.not_run else None)
            return stage.name if stage else PARITY, check.found.verdict.reason
    return "", "; ".join(reason_of(check.found) for check in checks if check.found.verdict.status == "not run")


def reason_of(found: VariantVerdict) -> str:
    """The reason of a variant that was not run, with its name."""
    return f"{found.variant} not run: {found.verdict.reason}".lstrip()


def failed_cell(entry: Entry, stage: str, error: EdgekitError) -> Cell:
    """The cell of an entry that did not get as far as a verdict."""
    if isinstance(error, AbsentError):
        stage = ENVIRONMENT
    return make_cell(entry, status="failed", stage=stage, reason=error.message, remedy=error.remedy)


def make_cell(entry: Entry, **found) -> Cell:
    """A cell with what is known of its entry, and what was found."""
    source = entry.source
    return Cell(
        model=source.name,
        family=source.family,
        architecture=source.architecture_name,
        parameters=source.parameters,
        input_size=source.input_size.short,
        target=entry.target.name,
        weights=source.weights.spec,
        key=entry.key,
        made=now(),
        outcome=meaning(found["status"], found.get("stage", ""), entry.expected),
        expected=entry.expected and entry.expected.reason,
        documented=source.model.documented,
        machine=entry.machine_name,
        precision=entry.plan.precision,
        **found,
    )


def now() -> str:
    """The present, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
