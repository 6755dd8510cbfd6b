"""Verifies artifacts: each in its real runtime, against the FP32 reference and the float64 oracle."""

from collections.abc import Sequence
from pathlib import Path

from edgekit.artifact.judged import changed_since
from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import VariantVerdict
from edgekit.artifact.rules import rules_for
from edgekit.data.disjoint import check_disjoint
from edgekit.devices.lite_library import LiteLibrary
from edgekit.devices.remote_machine import AnyMachine
from edgekit.errors import EdgekitError, SupersededError
from edgekit.inputs.photo_folder import PhotoFolder
from edgekit.parity import Verdict
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.reference.choose import Choice, choice
from edgekit.verification.check import Check
from edgekit.verification.judge_artifact import judge_artifact
from edgekit.verification.preparation import Preparation, check_runs, prepare, runner_on, subject_of


def verify(
    artifacts: Sequence[Artifact],
    executor: Executor,
    against: Choice | None = None,
    own: PhotoFolder | None = None,
    recipe: Path | None = None,
    machines: Sequence[AnyMachine | None] = (None,),
    library: LiteLibrary | None = None,
) -> list[Check]:
    """Run every variant of every artifact on the golden inputs and judge it; verdicts go into the manifests.

    A signed manifest stays as it is. `against` is the reference asked for; by default the best fitting GPU bundle at
    hand, else Paddle here. With `own` photos, they are the golden inputs. `recipe` gives the rules that judge; without
    it edgekit's do. `machines` are those that the artifacts run on, None this one; `library` is the user's own Paddle
    Lite for the emulated ones. Raises AbsentError where a program that an artifact was made from is no longer in the
    cache, or where nothing ran since no device was to be had, what `Choice.check` raises, and what the reference ends
    with. A runner that fails makes a `failed` verdict, not an exception. A verdict on an artifact that was changed
    meanwhile is discarded, and its check says so.
    """
    against = against or choice("auto", require_gpu=False, cache=executor.store.cache)
    for artifact in artifacts:
        rules_for(artifact.manifest, recipe)  # what cannot be is said before minutes are spent
        if own is not None and (calibration := artifact.manifest.calibration) is not None:
            check_disjoint(calibration.photos, {one.name: one.sha256 for one in own.photos}, "to verify")
    prepared = [
        [
            prepare(
                artifact, executor, own=own, machine=machine, runner=runner_on(machine, artifact, library, executor)
            )
            for machine in machines
        ]
        for artifact in artifacts
    ]
    for one, *_ in prepared:
        against.check(subject_of(one))
    for at, machine in enumerate(machines):
        check_runs(machine, [ready[at] for ready in prepared])
    everything = [one for ready in prepared for one in ready]
    try:
        outcomes = executor.run(stage for one in everything for stage in one.stages)
        return judge_all(prepared, outcomes, against, recipe)
    finally:
        for stage in (stage for one in everything for stage in one.passing):
            executor.store.forget(stage)


def judge_all(
    prepared: Sequence[Sequence[Preparation]], outcomes: Outcomes, against: Choice, recipe: Path | None
) -> list[Check]:
    """Judge every artifact, each on its machines. Raises as `verify`."""
    for runner in filter(None, (one.runner for ready in prepared for one in ready)):
        # Where it cannot be built, that is no artifact's fault; where no run had need of it, it was not asked for.
        if runner.key in outcomes.by_key:
            outcomes.result(runner)
    checks: list[Check] = []
    for ready in prepared:
        try:
            checks += judge_artifact(ready, outcomes, against, recipe)
        except EdgekitError:
            # Whatever it ended with: where the artifact is another one by now, that is why.
            if (error := changed_since(ready[0].artifact)) is None:
                raise
            checks += discarded(ready[0], error)
    away = [check.absent for check in checks if check.absent is not None]
    if away and not any(check.absent is None and not check.variant.not_run for check in checks):
        raise away[0]
    return checks


def discarded(prepared: Preparation, error: SupersededError) -> list[Check]:
    """The checks of an artifact that is not there any more as it was judged: not run, with the reason."""
    artifact, target = prepared.artifact, prepared.target
    verdict = Verdict.not_run(str(error).rstrip("."), "nothing", artifact.manifest.precision)
    return [
        Check(artifact, target, variant, VariantVerdict(variant.name, verdict), None, discarded=error)
        for variant in prepared.variants
    ]
