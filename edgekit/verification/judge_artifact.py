"""Judges all variants of an artifact on all machines, and keeps the verdicts in its manifest."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from edgekit.artifact.golden import write_golden
from edgekit.artifact.manifest import VariantVerdict
from edgekit.artifact.rules import Rules, rules_for
from edgekit.artifact.samples import (
    samples_record,
)
from edgekit.devices.remote_machine import RemoteMachine
from edgekit.errors import AbsentError
from edgekit.parity import Verdict
from edgekit.pipeline.execute import Outcomes
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Variant
from edgekit.reference.choose import Choice, Reference, Truth
from edgekit.verification.check import Check
from edgekit.verification.judge import judge_variant, measured_values, truth_of
from edgekit.verification.ledger import with_ledger
from edgekit.verification.preparation import Preparation, subject_of
from edgekit.verification.ranges import MeasuredRanges, judge_ranges, measured_ranges, ranges_content


def judge_artifact(
    prepared: Sequence[Preparation], outcomes: Outcomes, against: Choice | None = None, recipe: Path | None = None
) -> list[Check]:
    """Judge each variant on each machine, and write the verdicts into the artifact's manifest.

    `prepared` are of one artifact and not empty. Without `against`, Paddle here is the reference. Raises
    SupersededError, with nothing written, where the artifact is no longer the one that was prepared.
    """
    truth = outcomes.result(prepared[0].reference)
    rules = rules_for(prepared[0].artifact.manifest, recipe)
    judged_by, here = chosen_reference(prepared[0], truth, against or Choice("paddle-cpu"), rules)
    ranges = measured_ranges(prepared[0].ranges, outcomes) if prepared[0].ranges else None
    judged = [
        check for one in prepared for check in judge_on_machine(one, outcomes, rules, truth, judged_by, here, ranges)
    ]
    # What is only inspected is inspected here, once for all machines.
    checks = list({(check.variant.name, check.found.machine): check for check in judged}.values())
    found = tuple(check.found for check in checks if check.absent is None)
    keep_verdicts(prepared[0], found, here, ranges_content(ranges) if ranges else None)
    return checks


def judge_on_machine(
    prepared: Preparation,
    outcomes: Outcomes,
    rules: Rules,
    truth: StageResult,
    judged_by: Reference,
    here: Truth,
    ranges: MeasuredRanges | None,
) -> list[Check]:
    """Judge each variant of an artifact on one machine; `ranges` are the layers', where its precision asks for them."""
    checks = []
    for variant in prepared.variants:
        outcome = outcomes.by_key[prepared.runs[variant.name].key]
        if isinstance(prepared.machine, RemoteMachine) and isinstance(outcome, AbsentError):
            checks.append(unreached(prepared, prepared.machine, variant, outcome, judged_by))
            continue
        found = judge_variant(
            prepared.artifact, variant, outcome, judged_by, here, prepared.golden, rules, prepared.chosen
        )
        # What stays in FP32 beside a device's file holds whatever FP32 holds.
        if ranges and prepared.artifact.manifest.precision not in variant.twin_in:
            found = judge_ranges(found, ranges)
        ledger = prepared.ledgers.get(variant.name)
        found = with_ledger(found, outcomes.by_key[ledger.key] if ledger else None, rules.unaccounted)
        found = replace(found, tolerance=rules.whose)
        if prepared.machine and not variant.not_run:
            found = replace(found, machine=prepared.machine.name, device=prepared.machine.title)
        checks.append(
            Check(
                prepared.artifact,
                prepared.target,
                variant,
                found,
                truth,
                judged_by,
                prepared.golden,
                remembered=isinstance(outcome, StageResult) and outcome.cached,
                measure=partial(
                    measured_values,
                    prepared.artifact,
                    variant,
                    outcome,
                    found.verdict,
                    judged_by,
                    here,
                    prepared.golden,
                    prepared.chosen,
                ),
            )
        )
    return checks


def chosen_reference(
    prepared: Preparation, truth: StageResult, against: Choice, rules: Rules
) -> tuple[Reference, Truth]:
    """The reference for an artifact, and what Paddle computed here."""
    here = truth_of(prepared.artifact.manifest, truth)
    return against.of(subject_of(prepared), here, rules.tolerance), here


def unreached(
    prepared: Preparation, machine: RemoteMachine, variant: Variant, error: AbsentError, judged_by: Reference
) -> Check:
    """The check of what did not run since its device was not to be had: that says nothing of the artifact."""
    verdict = Verdict.not_run(str(error).rstrip("."), judged_by.name, prepared.artifact.manifest.precision)
    found = VariantVerdict(variant.name, verdict, machine=machine.name, device=machine.title)
    return Check(prepared.artifact, prepared.target, variant, found, None, judged_by, prepared.golden, absent=error)


def keep_verdicts(
    prepared: Preparation, verdicts: tuple[VariantVerdict, ...], here: Truth, ranges: bytes | None
) -> None:
    """Write verdicts into an artifact's manifest, and golden inputs with the oracle's outputs and `ranges` beside it.

    Verdicts of other machines stay where they are of the same golden inputs. Raises SupersededError where it is no
    longer the artifact that was judged.
    """
    from safetensors.numpy import load_file

    golden, manifest = prepared.golden, prepared.artifact.manifest
    samples = samples_record(golden)
    earlier = manifest.verdicts if manifest.samples == samples else ()
    by_machine = {(one.variant, one.machine): one for one in (*earlier, *verdicts)}
    manifest = replace(manifest, verdicts=tuple(by_machine.values()), samples=samples)
    inputs = load_file(prepared.fed.path)
    artifact = prepared.artifact
    write_golden(artifact.folder, manifest, inputs, here.oracle, golden.labels, golden.kinds, artifact, ranges)
