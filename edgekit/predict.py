"""Names what is on photos: each artifact in its own runtime, prepared as its manifest says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest
from edgekit.artifact.samples import run_options
from edgekit.classes import Ranked, class_probabilities, named, prepared, ranked
from edgekit.devices.machine import runs_nowhere
from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
from edgekit.errors import AbsentError, EdgekitError, UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.filesystem.scratch import working_folder
from edgekit.given_labels import Labels, decides_labels, given_and_near, parted
from edgekit.inputs.images import load_image
from edgekit.native.device_runner import device_runner
from edgekit.native.lite_runner import runner_inputs
from edgekit.native.plan import network_layers
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.memory import estimated_memory
from edgekit.pipeline.runs import run_stage
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.target import Variant, targets
from edgekit.untrusted.files import resolved

if TYPE_CHECKING:
    import numpy as np

# Photos that are in memory at once, as tensors: 128 of 3 x 224 x 224 take 77 MB.
CHUNK = 128

Beside = Mapping[str, SourceFile | StageFile]


@dataclass(frozen=True)
class Prediction:
    """What each artifact, by its label, makes of one photo, the likeliest class first; `error` where it is none.

    `labels` are what those decide whose classes do not exclude each other.
    """

    photo: Path
    answers: dict[str, tuple[Ranked, ...]]
    error: EdgekitError | None = None
    labels: dict[str, Labels] = field(default_factory=dict)

    @property
    def agreed(self) -> bool:
        """Whether all artifacts name the same class first, or give the same labels."""
        first = {ranked[0].index for name, ranked in self.answers.items() if name not in self.labels}
        return len(first) <= 1 and not self.parted

    @property
    def parted(self) -> frozenset[int]:
        """The labels that artifacts decide differently, and not for being near to a threshold."""
        return parted(self.labels.values())


def predict(
    artifacts: Sequence[Artifact],
    photos: Sequence[Path],
    executor: Executor,
    top: int,
    machine: AnyMachine | None = None,
) -> Iterator[list[Prediction]]:
    """The `top` likeliest classes of every photo by every artifact, some photos at a time, in their order.

    `machine` is the emulated one, or the device, that they run on, None this one. A photo that cannot be read is a
    Prediction with its error. Raises UsageError for a model that gives no classes or does not run on that machine,
    AbsentError for one that cannot run here or a device that is not to be had, and what a runner ends with.
    """
    chosen = {label(one): (one, runnable(one, machine)) for one in artifacts}
    for one in artifacts:
        check_kind(one.manifest)
    beside = {label(one): needed(one, executor, machine) for one in artifacts}
    for start in range(0, len(photos), CHUNK):
        with working_folder(executor.store.cache) as scratch:
            yield predict_some(chosen, photos[start : start + CHUNK], executor, top, scratch, machine, beside)


def predict_some(
    chosen: dict[str, tuple[Artifact, Variant]],
    photos: Sequence[Path],
    executor: Executor,
    top: int,
    scratch: Path,
    machine: AnyMachine | None = None,
    beside: Mapping[str, Beside] | None = None,
) -> list[Prediction]:
    """The predictions of photos whose tensors fit into memory together; `scratch` is for them.

    `beside` are inputs that a run on `machine` needs besides, by the artifact's label.
    """
    tensors: dict[str, list[np.ndarray]] = {name: [] for name in chosen}
    errors: dict[Path, EdgekitError] = {}
    for photo in photos:
        # One photo at a time: decoded ones are far larger than their tensors.
        try:
            image = load_image(photo, alpha=True)
            made = {name: prepared(image, artifact.manifest) for name, (artifact, _) in chosen.items()}
        except EdgekitError as error:
            errors[photo] = error
            continue
        for name, tensor in made.items():
            tensors[name].append(tensor)
    read = [photo for photo in photos if photo not in errors]
    predictions = {photo: Prediction(photo, {}, error) for photo, error in errors.items()}
    if read:
        stages: dict[str, Stage] = {}
        for number, (name, (artifact, variant)) in enumerate(chosen.items()):
            fed = write_tensors(artifact.manifest, tensors.pop(name), scratch / f"{number}.safetensors")
            stages[name] = stage_of(artifact, variant, fed, len(read), machine, (beside or {}).get(name))
        outcomes = executor.run(stages.values())
        outputs: dict[str, np.ndarray] = {}
        for name, stage in stages.items():
            file = outcomes.result(stage).folder / "outputs.safetensors"
            outputs[name] = first_output(chosen[name][0].manifest, file)[: len(read)]  # the last batch may be filled up
            # A user's photos are nothing to be kept.
            executor.store.forget(stage)
        manifests = {name: artifact.manifest for name, (artifact, _) in chosen.items()}
        predictions |= {one.photo: one for one in predictions_of(read, outputs, manifests, top)}
    return [predictions[photo] for photo in photos]


def predictions_of(
    photos: Sequence[Path], outputs: "Mapping[str, np.ndarray]", manifests: Mapping[str, Manifest], top: int
) -> Iterator[Prediction]:
    """What the first outputs of all artifacts, float64 [photos, classes] each, say of every photo."""
    import numpy as np

    rows = {name: class_probabilities(values, manifests[name].outputs[0]) for name, values in outputs.items()}
    decided = {
        name: given_and_near(values, manifests[name])
        for name, values in outputs.items()
        if decides_labels(manifests[name], values.shape[1])
    }
    for place, photo in enumerate(photos):
        answers = {name: ranked(row[place], manifests[name].model.class_names, top) for name, row in rows.items()}
        given = {name: np.flatnonzero(above[place]).tolist() for name, (above, _) in decided.items()}
        shown = {one.index for name in given for one in answers[name]}.union(*given.values())
        labels = {
            name: Labels(
                named(rows[name][place], manifests[name].model.class_names, given[name]),
                frozenset(np.flatnonzero(near[place]).tolist()),
                {index: float(rows[name][place, index]) for index in shown if index < rows[name].shape[1]},
            )
            for name, (_, near) in decided.items()
        }
        yield Prediction(photo, answers, None, labels)


def label(artifact: Artifact) -> str:
    """The artifact's target, as its folder says it: `ncnn`, `openvino-fp16`, `onnx-embedded`."""
    return resolved(artifact.folder).name


def runnable(artifact: Artifact, machine: AnyMachine | None = None) -> Variant:
    """The variant of an artifact that runs on a machine. Raises AbsentError where there is none for this one,
    UsageError where there is none for an emulated one."""
    target = targets()[artifact.manifest.target]
    variants = target.variants_on(machine, artifact.manifest.build)
    for variant in variants:
        if not variant.not_run and artifact.manifest.precision not in variant.twin_in:
            return variant
    if machine is not None:
        raise runs_nowhere([target.name], machine)
    reasons = (
        "; ".join(dict.fromkeys(variant.not_run for variant in variants if variant.not_run))
        or "it has no variant for it"
    )
    raise AbsentError(f"{artifact.folder} does not run on this machine: {reasons}", "Name another --target.")


def needed(artifact: Artifact, executor: Executor, machine: AnyMachine | None) -> Beside:
    """What a run on a device needs beside the artifact: the runner for it. Raises AbsentError without a compiler."""
    if not isinstance(machine, RemoteMachine):
        return {}
    layers = network_layers(artifact, executor)
    runner = device_runner(machine, layers, artifact.manifest.precision, executor)
    return runner_inputs(artifact, runner, executor.store.cache)


def check_kind(manifest: Manifest) -> None:
    """Raise UsageError for a model whose first output is not a value for each class."""
    if (kind := manifest.outputs[0].kind) == "features":
        raise UsageError(f"{manifest.model.name} gives {kind}, not classes", "Only classifiers name what they see.")


def write_tensors(manifest: Manifest, tensors: "list[np.ndarray]", path: Path) -> GoldenFile:
    """Write prepared photos, filled up to whole batches with the last one."""
    import numpy as np
    from safetensors.numpy import save_file

    each = 1 if manifest.batch == "dynamic" else manifest.batch
    tensors = tensors + [tensors[-1]] * (-len(tensors) % each)
    save_file({manifest.inputs[0].name: np.ascontiguousarray(np.stack(tensors))}, path)
    return GoldenFile(path, file_sha256(path), (), ())


def stage_of(
    artifact: Artifact,
    variant: Variant,
    fed: GoldenFile,
    count: int,
    machine: AnyMachine | None = None,
    beside: Beside | None = None,
) -> Stage:
    """The run of an artifact on prepared photos."""
    manifest = artifact.manifest
    target = targets()[manifest.target]
    options = {**run_options(artifact), "batch": 1 if manifest.batch == "dynamic" else manifest.batch}
    memory = estimated_memory(max(record.bytes for record in manifest.files.values()))
    name = f"{manifest.model.name}, {count} photos" if count > 1 else manifest.model.name
    files = artifact.by_role()
    return run_stage(
        target, variant, name, files, fed, options, memory_bytes=memory, timed=False, machine=machine, beside=beside
    )


def first_output(manifest: Manifest, outputs: Path) -> "np.ndarray":
    """The first output as it is in a runner's file, float64 [samples, classes]."""
    import numpy as np
    from safetensors.numpy import load_file

    values = load_file(outputs)[manifest.outputs[0].name]
    return values.astype(np.float64).reshape(len(values), -1)
