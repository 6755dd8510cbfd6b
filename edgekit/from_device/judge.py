"""Where a device parts from what edgekit computes: manifest, frame, tensor, outputs, decisions, its own self-test."""

from pathlib import Path

import numpy as np
from msgspec.structs import replace

from edgekit import __version__
from edgekit.artifact.load import Artifact, find_artifacts, load_artifact, read_manifest
from edgekit.artifact.manifest import FILE as MANIFEST
from edgekit.artifact.manifest import Manifest
from edgekit.artifact.origin import program_folder_of
from edgekit.artifact.rules import Rules, rules_for
from edgekit.artifact.samples import batch_of_calls, golden_samples, stored
from edgekit.classes import ranked
from edgekit.errors import AbsentError, EdgekitError
from edgekit.filesystem.hashing import file_sha256
from edgekit.filesystem.scratch import working_folder
from edgekit.from_device.judged import Judged, Judgement
from edgekit.from_device.preparation import compare
from edgekit.from_device.report import OUTPUTS, TENSORS, Received, Stage, machine_words, receive
from edgekit.inputs.golden import GoldenInputs
from edgekit.inputs.images import load_image
from edgekit.inputs.prepare import normalised
from edgekit.parity import Tolerance, Verdict
from edgekit.parity.judge import judge_outputs
from edgekit.parity.limits import falls_short
from edgekit.parity.verdict import Flip, OutputFigures
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.memory import estimated_memory
from edgekit.pipeline.runs import reference_stage
from edgekit.pipeline.stage import SourceFile
from edgekit.pipeline.target import targets
from edgekit.reference.choose import PADDLE_CPU, Truth
from edgekit.untrusted.wording import harmless
from edgekit.verification.judge import thresholds_of, truth_of, with_own

LABEL = "photo of the device"
# What verification writes into a manifest, and what says nothing of what an artifact computes.
_OF_VERIFICATION = ("verdicts", "golden", "ranges", "samples", "settings")


def judge_report(
    path: Path, executor: Executor, folder: Path | None = None, out: Path | None = None, recipe: Path | None = None
) -> Judged:
    """Judge the report in the zip at `path`, by the artifact in `folder`, or the one in `out` that it is of.

    Raises UsageError where it is no report, AbsentError where the artifact or the program it was made from is not here.
    """
    with working_folder(executor.store.cache) as scratch:
        received = receive(path, scratch)
        artifact, stages = matched(received, folder, out)
        stages = [*stages, runtime_stage(received)]
        tensor, prepared_stages = preparation_stages(received)
        stages += prepared_stages
        verdict = None
        if tensor is not None:
            verdict = verdict_on(received, artifact, tensor, executor, recipe)
            stages += output_stages(verdict)
            stages.append(answer_stage(received, verdict))
        stages.append(self_test_stage(received))
    report = received.report
    return Judged(
        report=path,
        artifact=artifact.folder,
        model=artifact.manifest.model.name,
        target=artifact.manifest.target,
        precision=report.precision,
        device=machine_words(report),
        machine=dict(report.machine),
        versions={
            "edgekit": report.edgekit,
            report.backend: report.backend_version,
            "compiler": report.compiler,
            "architecture": report.architecture,
        },
        cpu_features=report.cpu_features,
        threads=report.threads,
        stages=tuple(stages),
        verdict=verdict,
        latency=report.latency,
        top=report.top,
    )


def matched(received: Received, folder: Path | None, out: Path | None) -> tuple[Artifact, list[Judgement]]:
    """The artifact here that a report is of, and whether its manifest is the same."""
    said = received.report.manifest_sha256
    if said != received.manifest_sha256:
        why = f"the report names {said[:12]}…, and its manifest.json is {received.manifest_sha256[:12]}…"
        stage = Judgement("manifest", "failed", why)
        return load_artifact(folder or candidate(received, out)), [stage]
    artifact = load_artifact(folder or candidate(received, out))
    if file_sha256(artifact.folder / MANIFEST) == received.manifest_sha256:
        return artifact, [Judgement("manifest", "passed", f"{said[:12]}…, that of {artifact.folder}")]
    if parts := differing(received.manifest, artifact.manifest):
        why = f"it is not {artifact.folder}: other {', '.join(parts)}"
        return artifact, [Judgement("manifest", "failed", why)]
    why = f"the files and the preparation of {artifact.folder}, which was verified again since"
    return artifact, [Judgement("manifest", "passed", why)]


def candidate(received: Received, out: Path | None) -> Path:
    """The artifact's folder in `out`: the one of this manifest, else of this model and target. Raises AbsentError."""
    model, target = received.manifest.model.name, received.manifest.target
    alike: list[Path] = []
    for folder in find_artifacts(out) if out is not None else []:
        if file_sha256(folder / MANIFEST) == received.manifest_sha256:
            return folder
        manifest = read_manifest(folder)
        if (manifest.model.name, manifest.target) == (model, target):
            alike.append(folder)
    same = [folder for folder in alike if not differing(received.manifest, read_manifest(folder))]
    if found := same or alike:
        return found[0]
    raise AbsentError(
        f"{out} holds no {target} artifact of {model}, which {received.path} is about",
        "Name its folder: edgekit verify --from-device FILE.zip ARTIFACT.",
    )


def differing(theirs: Manifest, ours: Manifest) -> list[str]:
    """What two manifests say differently of what an artifact computes."""
    names = [name for name in ours.__struct_fields__ if name not in _OF_VERIFICATION]
    return [name.replace("_", " ") for name in names if getattr(theirs, name) != getattr(ours, name)]


def runtime_stage(received: Received) -> Judgement:
    """Which runtime ran it, in what: another target's or another precision is not what was verified."""
    report, manifest = received.report, received.manifest
    told = (
        f"{report.backend} {report.backend_version}, edgekit {report.edgekit}, {report.precision.upper()}, "
        f"{report.threads} threads, {report.architecture}"
    )
    if (report.model, report.target) != (manifest.model.name, manifest.target) or report.backend != manifest.target:
        why = f"the report is of {report.target} run by {report.backend}, its manifest of {manifest.target}"
        return Judgement("runtime", "failed", why)
    if report.precision != manifest.precision:
        why = f"it ran in {report.precision.upper()}, and the artifact is verified in {manifest.precision.upper()}"
        return Judgement("runtime", "failed", f"{why}: {told}")
    if report.edgekit != __version__:
        told = f"{told}; this edgekit is {__version__}"
    return Judgement("runtime", "passed", told)


def preparation_stages(received: Received) -> tuple[np.ndarray | None, list[Judgement]]:
    """The device's tensor, where it is one that the model takes, and how it was made."""
    manifest = received.manifest
    name = manifest.inputs[0].name
    tensors = received.tensors(TENSORS)
    if set(tensors) != {name}:
        why = f"its tensors are {', '.join(map(harmless, sorted(tensors))) or 'none'}, where the program takes {name}"
        return None, [Judgement("tensor", "failed", why)]
    tensor = tensors[name]
    wanted = expected_shape(manifest)
    if tensor.shape != wanted or tensor.dtype != (np.uint8 if manifest.embedded_preprocessing else np.float32):
        why = f"it is {list(tensor.shape)} of {tensor.dtype}, where the model takes {list(wanted)}"
        return None, [Judgement("tensor", "failed", why)]
    stages = []
    try:
        image = load_image(received.frame, alpha=manifest.preprocessing.has_alpha)
        found = compare(tensor[0], image, manifest)
        stages.append(Judgement("frame", "passed", f"{image.shape[1]} x {image.shape[0]} pixels"))
        status = "passed" if found.equal else "failed"
        words = found.words if found.equal else f"the device's preparation differs from edgekit's: {found.words}"
        stages.append(Judgement("tensor", status, words, found.largest, 0.0))
    except EdgekitError as error:
        said = error.message.replace(str(received.frame), "its frame")
        stages.append(Judgement("frame", "failed", said))
    if not np.isfinite(tensor.astype(np.float64)).all():
        stages.append(Judgement("tensor", "failed", "it holds values that are infinite or none (NaN)"))
        return None, stages
    return tensor, stages


def expected_shape(manifest: Manifest) -> tuple[int, ...]:
    """One sample as the artifact takes it."""
    spec = manifest.preprocessing
    if manifest.embedded_preprocessing:
        return (1, *spec.input_size, spec.channels)
    return (1, spec.channels, *spec.input_size)


def verdict_on(
    received: Received, artifact: Artifact, tensor: np.ndarray, executor: Executor, recipe: Path | None
) -> Verdict:
    """The verdict on the device's outputs: against the oracle on the very tensor that it made.

    The device's tensor is one more golden input: the limits are those that all of them set, as for the artifact.
    """

    manifest = artifact.manifest
    spec, name = manifest.preprocessing, manifest.inputs[0].name
    golden = golden_samples(spec, name, manifest.batch)
    if manifest.embedded_preprocessing:
        golden = golden.from_levels(spec)
        tensor = normalised(tensor, spec)
    each = 1 if manifest.batch == "dynamic" else manifest.batch
    count = len(golden.labels)
    together = GoldenInputs(
        {name: np.concatenate([golden.tensors[name], *[tensor] * each])},
        (*golden.labels, *[LABEL] * each),
        (*golden.kinds, *["photo"] * each),  # type: ignore[arg-type]
    )
    fed = stored(together, executor.store.cache, notify=executor.store.notify)
    program = SourceFile(program_folder_of(manifest, executor.store.root), manifest.program_key)
    stage = reference_stage(
        program,
        manifest.model.name,
        fed,
        batch_of_calls(manifest),
        made_by=manifest.stages[0].stage,
        memory_bytes=estimated_memory(max(record.bytes for record in manifest.files.values())),
        timed=False,
    )
    try:
        truth = truth_of(manifest, executor.run([stage]).result(stage))
        outputs = received.tensors(OUTPUTS)
        return judged_outputs(outputs, truth, manifest, together, count, rules_for(manifest, recipe), received)
    finally:
        # A stranger's photo is nothing to be kept.
        executor.store.forget(stage)
        fed.path.unlink(missing_ok=True)


def judged_outputs(
    outputs: dict[str, np.ndarray],
    truth: Truth,
    manifest: Manifest,
    inputs: GoldenInputs,
    row: int,
    rules: Rules,
    received: Received,
) -> Verdict:
    """By the artifact's limits: `outputs` are of the sample `row` of `inputs`."""
    variant = variant_of(received)
    allowed = rules.tolerance_of(variant, {"arithmetic": manifest.build.get("arm_arithmetic", "fast")})

    def by(tolerance: Tolerance) -> Verdict:
        verdict = judge_outputs(
            outputs,
            truth.paddle,
            truth.oracle,
            tolerance,
            manifest.precision,
            inputs.labels,
            truth.kinds,
            judged_against=PADDLE_CPU,
            kinds=inputs.kinds,
            thresholds=thresholds_of(manifest),
            sigmoid_error=targets()[manifest.target].description.sigmoid_error,
            chosen=[row],
        )
        return of_one_frame(verdict, tolerance)

    verdict = by(allowed)
    return verdict if rules.own is None else with_own(verdict, by(rules.own))


def variant_of(received: Received) -> str:
    """Which of the target's variants a device of that processor runs."""
    variants = [one.name for one in targets()[received.manifest.target].description.variants]
    if len(variants) < 2:
        return variants[0] if variants else ""
    return "ARM" if received.report.architecture in ("aarch64", "armv7") else "x86"


def of_one_frame(verdict: Verdict, tolerance: Tolerance) -> Verdict:
    """The verdict on one frame in a lower precision.

    There agreement is a share of many samples. Of one, a decision counts where the oracle parts the two by more than
    twice what the precision may be off by, as the runtime's self-test has it.
    """
    figures = verdict.outputs.values()
    if verdict.status != "failed" or verdict.precision == "fp32" or not verdict.outputs:
        return verdict
    within = all(
        one.against_oracle.max_relative <= one.max_threshold
        and not falls_short(one.median_snr_db, tolerance.min_snr_db)
        for one in figures
    )
    flips = [(one, flip) for one in figures for flip in (*one.flips, *one.label_flips)]
    if not within or not flips or len(verdict.reason.split("; ")) > len(verdict.outputs):
        return verdict
    if all(flip.gap < 2 * one.max_threshold * scale_of(flip.noise, one, tolerance) for one, flip in flips):
        said = f"it decides otherwise, which {verdict.precision.upper()} may on this frame: {verdict.reason}"
        return replace(verdict, status="passed", reason="", warnings=(*verdict.warnings, said))
    return verdict


def scale_of(noise: float, figures: OutputFigures, tolerance: Tolerance) -> float:
    """What a sample's errors are relative to, from a flip's noise (`parity.judge`)."""
    return noise / max(figures.noise.max_relative, tolerance.floor)


def output_stages(verdict: Verdict) -> list[Judgement]:
    """Each output's error beside its limit, and why the verdict is not passed."""
    stages = []
    for name, figures in verdict.outputs.items():
        error, limit = figures.against_oracle.max_relative, figures.max_threshold
        within = error <= limit
        # Where it parted is told in a sentence of its own, without the figures' columns.
        measured = "oracle error" if within else f"the oracle error is {error:.2g}, and at most {limit:.2g} may be"
        own = f"{measured}; the reference's own is {figures.noise.max_relative:.2g}"
        stages.append(Judgement(f"output {name}", "passed" if within else "failed", own, error, limit))
    if verdict.passed:
        return [*stages, *(Judgement("outputs", "passed", one) for one in verdict.warnings)]
    return [*stages, Judgement("outputs", "failed", verdict.reason)]


def answer_stage(received: Received, verdict: Verdict) -> Judgement:
    """The class that the device named, beside its own outputs and the oracle's."""
    report, manifest = received.report, received.manifest
    spec = manifest.outputs[0]
    if spec.kind == "features":
        return Judgement("answer", "not compared", "a model that gives features names nothing")
    values = received.tensors(OUTPUTS).get(spec.name)
    if values is None or not len(values) or not np.isfinite(values).all():
        return Judgement("answer", "failed", report.top_error or "its outputs name no class")
    row = values.astype(np.float64)[0].reshape(-1)
    first = ranked(row, manifest.model.class_names, 1)[0]
    if not report.top:
        return Judgement("answer", "failed", "the device named no class")
    named = report.top[0]
    if named.index != first.index:
        why = f"the device named class {named.index}, and its outputs are largest at {first.index}"
        return Judgement("answer", "failed", why)
    if first.name is not None and named.label != first.name:
        why = f"the device called class {first.index} {named.label}, and the artifact calls it {first.name}"
        return Judgement("answer", "failed", why)
    figures = verdict.outputs.get(spec.name)
    words = f"{first.name or f'class {first.index}'}"
    if figures is None:
        return Judgement("answer", "not compared", words)
    if flips := [flip for flip in figures.flips if isinstance(flip, Flip)]:
        words = f"{words}; the reference decides for class {flips[0].reference_class}"
        return Judgement("answer", "passed" if verdict.passed else "failed", words)
    return Judgement("answer", "passed", f"{words}, as the reference")


def self_test_stage(received: Received) -> Judgement:
    """What the device's own self-test found."""
    tested = received.report.self_test
    if tested is None:
        return Judgement("self-test", "not compared", "the device did not make it")
    if tested.error:
        return Judgement("self-test", "not compared", f"it could not be made: {tested.error}")
    if failed := [stage for stage in tested.stages if stage.status == "failed"]:
        told = "; ".join(f"{stage.stage}: {stage.detail or shown(stage)}" for stage in failed)
        return Judgement("self-test", "failed", told)
    passed = sum(stage.status == "passed" for stage in tested.stages)
    if not tested.passed:
        return Judgement("self-test", "failed", "it says that it did not pass, and names no stage")
    return Judgement("self-test", "passed", f"{passed} of {len(tested.stages)} stages passed on the device")


def shown(stage: Stage) -> str:
    """A stage's figures."""
    return "" if stage.figure is None or stage.limit is None else f"{stage.figure:.2g}, at most {stage.limit:.2g}"
