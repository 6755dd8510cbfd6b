"""Verifies artifacts: each in its real runtime, against the FP32 reference and the float64 oracle."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest, VariantVerdict
from edgekit.artifact.write import update_manifest
from edgekit.errors import AbsentError, EdgekitError
from edgekit.files import full_disk_reported
from edgekit.inputs.golden import GoldenInputs, golden_inputs
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity import Verdict
from edgekit.parity.judge import judge_outputs
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.pipeline.memory import estimated_memory
from edgekit.pipeline.plan import reference_stage, run_stage
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.stage import SourceFile, Stage
from edgekit.pipeline.store import RECORD, StageResult
from edgekit.pipeline.target import Target, Variant, targets
from edgekit.recipe.load import recipe_for

REFERENCE = "Paddle FP32 on this machine's CPU"


@dataclass(frozen=True)
class Check:
    """What verification found of one variant of an artifact, with the reference it was judged against."""

    artifact: Artifact
    target: Target
    variant: Variant
    found: VariantVerdict
    reference: StageResult | None


@dataclass(frozen=True)
class Preparation:
    """The stages that verify one artifact: the reference on the golden inputs, and a run per variant."""

    artifact: Artifact
    target: Target
    golden: GoldenFile
    reference: Stage
    runs: dict[str, Stage]


def verify(artifacts: Sequence[Artifact], executor: Executor) -> list[Check]:
    """Run every variant of every artifact on the golden inputs and judge it; verdicts go into the manifests.

    Raises AbsentError where a program that an artifact was made from is no longer in the cache, and what the
    reference ends with. A runner that fails makes a `failed` verdict, not an exception.
    """
    prepared = [prepare(artifact, executor) for artifact in artifacts]
    outcomes = executor.run(stage for one in prepared for stage in (one.reference, *one.runs.values()))
    return [check for one in prepared for check in judge_artifact(one, outcomes)]


def prepare(artifact: Artifact, executor: Executor, *, timed: bool = True) -> Preparation:
    """Plan the verification of one artifact; without `timed`, runs take one core each and no latency is measured."""
    manifest = artifact.manifest
    target = targets()[manifest.target]
    golden = golden_file(artifact, executor.store.root.parent)
    program = SourceFile(program_folder_of(manifest, executor.store.root), manifest.program_key)
    files, options = artifact.by_role(), run_options(artifact)
    memory = estimated_memory(max(record.bytes for record in manifest.files.values()))
    return Preparation(
        artifact,
        target,
        golden,
        reference_stage(program, manifest.model.name, golden, manifest.batch, memory_bytes=memory, timed=timed),
        {
            variant.name: run_stage(
                target, variant, manifest.model.name, files, golden, options, memory_bytes=memory, timed=timed
            )
            for variant in target.description.variants
        },
    )


def judge_artifact(prepared: Preparation, outcomes: Outcomes) -> list[Check]:
    """Judge each variant, and write the verdicts into the artifact's manifest."""
    truth = outcomes.result(prepared.reference)
    checks = []
    for variant in prepared.target.description.variants:
        outcome = outcomes.by_key[prepared.runs[variant.name].key]
        found = judge_variant(prepared.artifact, variant, outcome, truth, prepared.golden)
        checks.append(Check(prepared.artifact, prepared.target, variant, found, truth))
    verdicts = tuple(check.found for check in checks)
    update_manifest(prepared.artifact.folder, replace(prepared.artifact.manifest, verdicts=verdicts))
    return checks


def program_folder_of(manifest: Manifest, stages: Path) -> Path:
    """The Paddle program that an artifact was made from, in the stage store. Raises AbsentError where it is gone."""
    folder = stages / "paddle" / "export" / manifest.program_key
    if not (folder / RECORD).exists():
        raise AbsentError(
            f"the program that the {manifest.target} artifact of {manifest.model.name} was made from is no longer in "
            "the cache",
            f"Run `edgekit convert {manifest.model.name} --target {manifest.target} "
            f"--weights {manifest.weights.spec}` again.",
        )
    return folder


PHOTOS = 8
SYNTHETIC = 2


def golden_file(artifact: Artifact, cache: Path) -> GoldenFile:
    """The golden inputs for an artifact's preprocessing, written into the cache once.

    All bundled photos and at least two synthetic samples: more where a batch must be filled.
    """
    manifest = artifact.manifest
    inputs = golden_samples(manifest.preprocessing, manifest.inputs[0].name, manifest.batch)
    path = cache / "inputs" / f"{inputs.samples_sha256}.safetensors"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with full_disk_reported(path.parent):
            partial = path.with_name(f".{path.name}.{os.getpid()}")
            inputs.write_inputs(partial)
            partial.replace(path)
    return GoldenFile(path, inputs.samples_sha256, inputs.labels, inputs.kinds)


@lru_cache(maxsize=4)
def golden_samples(preprocessing: Preprocessing, input_name: str, batch: int) -> GoldenInputs:
    """The golden inputs in memory; the last few are remembered, since many models share them."""
    filled = -(-(PHOTOS + SYNTHETIC) // batch) * batch
    return golden_inputs(preprocessing, input_name, photos=PHOTOS, synthetic=filled - PHOTOS)


def run_options(artifact: Artifact) -> dict[str, Any]:
    """What a runner must know of an artifact: names, shapes, batch, precision."""
    manifest = artifact.manifest
    return {
        "batch": manifest.batch,
        "precision": manifest.precision,
        "inputs": {spec.name: spec.target_name for spec in manifest.inputs},
        "outputs": {spec.name: spec.target_name for spec in manifest.outputs},
        "output_shapes": {spec.name: list(spec.shape) for spec in manifest.outputs},
    }


def judge_variant(
    artifact: Artifact, variant: Variant, outcome: StageResult | EdgekitError, truth: StageResult, golden: GoldenFile
) -> VariantVerdict:
    """The verdict on what a run gave, or on its failure, or on an inspection."""
    precision = artifact.manifest.precision
    if isinstance(outcome, EdgekitError):
        return VariantVerdict(variant.name, Verdict("failed", REFERENCE, precision, str(outcome)))
    if variant.not_run:
        return judge_inspection(variant, outcome, precision)
    from safetensors.numpy import load_file

    verdict = judge_outputs(
        load_file(outcome.folder / "outputs.safetensors"),
        load_file(truth.folder / "reference.safetensors"),
        load_file(truth.folder / "oracle.safetensors"),
        recipe_for(artifact.manifest.model.family).tolerance(precision),
        precision,
        golden.labels,
        judged_against=REFERENCE,
        kinds=golden.kinds,
    )
    return VariantVerdict(variant.name, verdict, outcome.details["latency"], outcome.peak_memory_bytes)


def judge_inspection(variant: Variant, outcome: StageResult, precision: Precision) -> VariantVerdict:
    """A file that cannot run here: failed where the inspection found a fault, else `not run` with the reason."""
    found = outcome.details
    if found["agrees"]:
        verdict = Verdict.not_run(f"{variant.not_run}; {found['summary']}", "its twin for this machine", precision)
    else:
        reason = "; ".join(found["differences"])
        verdict = Verdict("failed", "its twin for this machine", precision, reason)
    return VariantVerdict(variant.name, verdict, inspection=found["summary"])
