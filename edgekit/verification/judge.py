"""The verdict on one variant: on what a run gave, on its failure, or on an inspection."""

from collections.abc import Sequence

from msgspec.structs import replace

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest, VariantVerdict
from edgekit.artifact.rules import Rules
from edgekit.errors import EdgekitError
from edgekit.parity import Tolerance, Verdict
from edgekit.parity.by_value import ByValue, by_value
from edgekit.parity.judge import judge_outputs
from edgekit.parity.verdict import Precision
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Variant, targets
from edgekit.quantities.conditions import numbers
from edgekit.reference.choose import Reference, Truth
from edgekit.untrusted.wording import harmless

FIRST = 3
"""How many layers of a kind a warning names."""


def judge_variant(
    artifact: Artifact,
    variant: Variant,
    outcome: StageResult | EdgekitError,
    judged_by: Reference,
    truth: Truth,
    golden: GoldenFile,
    rules: Rules,
    chosen: Sequence[int] | None = None,
) -> VariantVerdict:
    """The verdict on what a run gave, or on its failure, or on an inspection.

    `chosen` are the golden samples that it was run on, where those are not all.
    """
    precision = artifact.manifest.precision
    if isinstance(outcome, EdgekitError):
        return VariantVerdict(variant.name, Verdict("failed", judged_by.name, precision, str(outcome)))
    if variant.not_run:
        return judge_inspection(variant, outcome, precision)
    if judged_by.unusable:
        return VariantVerdict(variant.name, Verdict("failed", judged_by.name, precision, judged_by.unusable))
    from safetensors.numpy import load_file

    outputs = load_file(outcome.folder / "outputs.safetensors")

    def by(tolerance: Tolerance) -> Verdict:
        return judge_outputs(
            outputs,
            judged_by.outputs,
            truth.oracle,
            judged_by.tolerance(tolerance),
            precision,
            golden.labels,
            truth.kinds,
            judged_against=judged_by.name,
            kinds=golden.kinds,
            yardstick=judged_by.yardstick(truth),
            thresholds=thresholds_of(artifact.manifest),
            sigmoid_error=targets()[artifact.manifest.target].description.sigmoid_error,
            chosen=chosen,
        )

    allowed = rules.tolerance_of(variant.name, outcome.details.get("found", {}))
    verdict = by(allowed)
    if allowed is not rules.tolerance:
        verdict = replace(verdict, warnings=(*verdict.warnings, f"it has limits of its own: {allowed.reason}"))
    said = (*outcome.details.get("warnings", ()), *build_warnings(artifact.manifest))
    if precision in variant.simulated_in:
        said = ("this machine's file rounds in FP32 what the one for devices computes in integers", *said)
    verdict = replace(verdict, warnings=(*verdict.warnings, *said))
    if rules.own is not None:
        verdict = with_own(verdict, by(rules.own))
    details = outcome.details
    # Floats as a manifest's are when it is read: else writing one back that was read would change it.
    timed = details["latency"] and not variant.untimed(precision)
    latency = {name: float(value) for name, value in numbers(details["latency"]).items()} if timed else None
    return VariantVerdict(variant.name, verdict, latency, outcome.peak_memory_bytes, device=details.get("device"))


def build_warnings(manifest: Manifest) -> list[str]:
    """What a user must know of an artifact, of what its converter said of the build."""
    build, lowered = manifest.build, targets()[manifest.target].description.lowered.get(manifest.precision)
    cut = build.get("cut_off_without_vnni")
    if not isinstance(cut, list) or not cut:
        return []
    first = ", ".join(harmless(str(name), 60) for name in cut[:FIRST])
    cure = f": {lowered.cut_off_cure}" if lowered is not None and lowered.cut_off_cure else ""
    return [f"on x86 without VNNI sums of {len(cut)} of its layers are cut off, first of {first}{cure}"]


def measured_values(
    artifact: Artifact,
    variant: Variant,
    outcome: StageResult | EdgekitError,
    verdict: Verdict,
    judged_by: Reference,
    truth: Truth,
    golden: GoldenFile,
    chosen: Sequence[int] | None = None,
) -> dict[str, ByValue]:
    """Every value of each output that the verdict has figures of; nothing of what did not run.

    `chosen` as in `judge_variant`.
    """
    if isinstance(outcome, EdgekitError) or variant.not_run or not verdict.outputs:
        return {}
    from safetensors.numpy import load_file

    outputs = load_file(outcome.folder / "outputs.safetensors")
    rows = list(range(len(golden.labels)) if chosen is None else chosen)
    return {
        name: by_value(
            outputs[name],
            judged_by.outputs[name][rows],
            truth.oracle[name][rows],
            [golden.labels[row] for row in rows],
            [golden.kinds[row] for row in rows],
            figures.kind,
            verdict.precision,
            sigmoid_error=targets()[artifact.manifest.target].description.sigmoid_error,
            of_paddle=judged_by.yardstick(truth) is None,
        )
        for name, figures in verdict.outputs.items()
    }


def judge_inspection(variant: Variant, outcome: StageResult, precision: Precision) -> VariantVerdict:
    """A file that cannot run here: failed where the inspection found a fault, else `not run` with the reason."""
    found = outcome.details
    beside = found.get("judged_against", "its twin for this machine")
    if found["agrees"]:
        verdict = Verdict.not_run(f"{variant.not_run}; {found['summary']}", beside, precision)
    else:
        verdict = Verdict("failed", beside, precision, "; ".join(found["differences"]))
    return VariantVerdict(variant.name, verdict, inspection=found["summary"])


def with_own(verdict: Verdict, own: Verdict) -> Verdict:
    """The verdict by edgekit's tolerance, where the artifact's own comes to another."""
    if verdict.passed and not own.passed:
        return replace(own, reason=f"by the artifact's own tolerance, stricter than edgekit's: {own.reason}")
    if own.passed and not verdict.passed:
        said = "the tolerance that the artifact brings would let it pass, and counts only where --recipe gives it"
        return replace(verdict, reason=f"{verdict.reason}; {said}")
    return verdict


def thresholds_of(manifest: Manifest) -> dict[str, tuple[float, ...]]:
    """The thresholds of each output's labels."""
    return {spec.name: spec.thresholds for spec in manifest.outputs}


def truth_of(manifest: Manifest, result: StageResult) -> Truth:
    """What Paddle computed here, by the reference's stage."""
    from safetensors.numpy import load_file

    return Truth(
        load_file(result.folder / "reference.safetensors"),
        load_file(result.folder / "oracle.safetensors"),
        {spec.name: spec.kind for spec in manifest.outputs if spec.kind != "image"},
    )
