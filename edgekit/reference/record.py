"""Records a reference: the very program or ONNX that artifacts come from, on the golden inputs, in one backend."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgekit import __version__
from edgekit.artifact.samples import DYNAMIC_BATCHES, golden_samples, stored
from edgekit.errors import EdgekitError, UsageError
from edgekit.filesystem.scratch import working_folder
from edgekit.inputs.golden import GoldenInputs, bundled_photos
from edgekit.inputs.size import Size
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.limits import RUN_LIMITS
from edgekit.pipeline.outcome import Outcomes
from edgekit.pipeline.output_kinds import told_outputs
from edgekit.pipeline.plan import Plan, plan_conversion
from edgekit.pipeline.program import PROGRAM
from edgekit.pipeline.runs import reference_stage
from edgekit.pipeline.source import GoldenFile, ModelSource
from edgekit.pipeline.stage import StageFile
from edgekit.pipeline.store import LOG, StageResult
from edgekit.pipeline.target import targets
from edgekit.reference.backends import Backend
from edgekit.reference.bundle import Bundle, write_bundle
from edgekit.reference.description import (
    ArithmeticPart,
    BackendPart,
    Description,
    DevicePart,
    InputsPart,
    ModelPart,
    OutputPart,
    ProgramPart,
    WeightsPart,
)
from edgekit.reference.exactness import Arrays, Measured, measure
from edgekit.reference.match import program_hashes
from edgekit.reference.run_backend import BackendRun, run_backend
from edgekit.reference.tensors import tensor_sha256

ONNX = "onnx"


@dataclass(frozen=True)
class Wish:
    """What to record with: `arithmetic` is what the backend may use, `python` an interpreter of the user's own."""

    backend: Backend
    arithmetic: ArithmeticPart
    device: DevicePart
    python: Path | None = None
    with_inputs: bool = False


@dataclass(frozen=True)
class Recorded:
    """A new bundle, and what each of its outputs is worth beside Paddle in FP32 on this machine's CPU."""

    bundle: Bundle
    measured: Mapping[str, Measured]


def check_wish(backend: Backend, arithmetic: ArithmeticPart) -> None:
    """Raise UsageError for a precision that the backend does not compute in."""
    if arithmetic.compute not in backend.precisions:
        raise UsageError(
            f"{backend.name} records in {' or '.join(backend.precisions)}, not in {arithmetic.compute}",
            "Leave --precision out, or choose another backend.",
        )
    if arithmetic.tf32 and not backend.knows_tf32:
        raise UsageError(f"edgekit always runs {backend.name} without TF32", "Leave --allow-tf32 out.")


def record(source: ModelSource, wish: Wish, executor: Executor, out: Path) -> Recorded:
    """Make the program (and the ONNX), run it, measure it against the oracle, and write the bundle to `out`.

    Raises what the stages end with, AbsentError where the backend or its device is not here, ConversionError where it
    fails or computes NaN.
    """
    reads_onnx = wish.backend.reads == ONNX
    plan = plan_conversion(source, [targets()[ONNX]] if reads_onnx else [])
    wanted = plan.conversions[ONNX] if reads_onnx else plan.program
    outcomes = executor.run([plan.program, wanted])
    program, model = outcomes.result(plan.program), outcomes.result(wanted)
    (described,) = program.details["inputs"]
    _, channels, height, width = described["shape"]
    preprocessing = source.preprocessing_at(Size(height, width), channels)
    inputs = golden_samples(preprocessing, described["name"], source.batch)
    cache = executor.store.cache
    golden = stored(inputs, cache, notify=executor.store.notify)
    truth = paddle_truth(plan, golden, executor)
    ran = ran_backend(wish, plan, outcomes, truth, golden, executor)
    oracle = load(truth.folder / "oracle.safetensors")
    kinds = {entry["name"]: entry["kind"] for entry in told_outputs(source, program.details["outputs"])}
    measured = measure(
        ran.outputs,
        load(truth.folder / "reference.safetensors"),
        oracle,
        source.recipe.tolerance("fp32"),
        {name: kind for name, kind in kinds.items() if kind != "image"},
    )
    graph_sha256, parameters_sha256 = program_hashes(program.folder)
    description = Description(
        edgekit=__version__,
        recorded=datetime.now(UTC).isoformat(timespec="seconds"),
        model=ModelPart(source.name, source.family, source.architecture_name, program.details["class_count"]),
        weights=weights_part(source),
        program=ProgramPart(
            graph_sha256,
            parameters_sha256,
            preprocessing.input_size.height if preprocessing.input_size.is_square else tuple(preprocessing.input_size),
            source.batch,
            model.files["model.onnx"]["sha256"] if reads_onnx else None,
        ),
        inputs=inputs_part(inputs, preprocessing, stored=wish.with_inputs),
        backend=BackendPart(wish.backend.name, ran.tools),
        device=wish.device,
        arithmetic=wish.arithmetic,
        outputs={
            name: OutputPart(value.shape, tensor_sha256(name, value)) for name, value in sorted(ran.outputs.items())
        },
        measured={name: one.as_part() for name, one in measured.items()},
    )
    write_bundle(out, description, ran.outputs, inputs.tensors if wish.with_inputs else None)
    return Recorded(Bundle(out, description), measured)


def paddle_truth(plan: Plan, golden: GoldenFile, executor: Executor) -> StageResult:
    """Paddle in FP32 and the float64 oracle on this machine's CPU."""
    stage = reference_stage(
        StageFile(plan.program),
        plan.source.name,
        golden,
        batches(plan.source),
        made_by=plan.program.worker,
        memory_bytes=plan.program.memory_bytes,
        timed=False,
    )
    return executor.run([stage]).result(stage)


def batches(source: ModelSource) -> int | list[int]:
    """How many samples a call takes."""
    return DYNAMIC_BATCHES if source.batch == "dynamic" else source.batch


def ran_backend(
    wish: Wish, plan: Plan, outcomes: Outcomes, truth: StageResult, golden: GoldenFile, executor: Executor
) -> BackendRun:
    """What the backend computed. A GPU's run is never taken from the cache: its key would not know the GPU."""
    if not wish.backend.gpu:
        return BackendRun(load(truth.folder / "reference.safetensors"), dict(truth.tools))
    stage = plan.conversions.get(ONNX, plan.program)
    folder = outcomes.result(stage).folder
    model = {"onnx": folder / "model.onnx"} if stage is not plan.program else {PROGRAM: folder}
    with working_folder(executor.store.cache) as scratch:
        try:
            return run_backend(
                wish.backend,
                model,
                golden.path,
                wish.arithmetic,
                batches(plan.source),
                executor.toolchain,
                scratch,
                python=wish.python,
                device=wish.device,
                limits=replace(RUN_LIMITS, gpu=True),
            )
        except EdgekitError as error:
            remedy = keep_log(scratch, error.remedy, executor)
            raise type(error)(f"{wish.backend.name}: {error.message}", remedy) from None


def keep_log(scratch: Path, remedy: str, executor: Executor) -> str:
    """Move a failed worker's log out of the scratch folder; returns the remedy with its new place."""
    logs = sorted(scratch.rglob(LOG), key=lambda path: path.stat().st_mtime)
    if not logs:
        return remedy
    kept = executor.store.cache / "logs" / f"reference-{logs[-1].parent.name}.log"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(logs[-1], kept)
    if str(logs[-1]) in remedy:
        return remedy.replace(str(logs[-1]), str(kept))
    return f"{remedy.rstrip('.')}. Its log is {kept}"


def weights_part(source: ModelSource) -> WeightsPart:
    """Which weights; a path of this machine is nobody else's business, so that of a file is its name alone."""
    spec = source.weights.spec
    named = Path(spec).name if source.weights.kind in ("file", "program") else spec
    return WeightsPart(source.weights.kind, named[:200], source.weights.sha256 or None)


def inputs_part(inputs: GoldenInputs, preprocessing: Any, *, stored: bool) -> InputsPart:
    """The golden inputs by hash and recipe."""
    photos = inputs.kinds.count("photo")
    return InputsPart(
        samples_sha256=inputs.samples_sha256,
        shapes={name: tensor.shape for name, tensor in inputs.tensors.items()},
        labels=inputs.labels,
        kinds=inputs.kinds,
        preprocessing=preprocessing,
        photos=tuple(photo.sha256 for photo in bundled_photos()[:photos]),
        synthetic=len(inputs.kinds) - photos,
        stored=stored,
    )


def load(path: Path) -> Arrays:
    """The tensors of a safetensors file that a worker wrote."""
    from safetensors.numpy import load_file

    return load_file(path)
