"""What is evaluated: an artifact, or the program in FP32 with Paddle, which is the reference."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import Manifest, TensorSpec
from edgekit.artifact.origin import program_folder_of
from edgekit.artifact.samples import run_options
from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
from edgekit.evaluate.opened import width_of
from edgekit.evaluate.preparing import Preparation
from edgekit.filesystem.hashing import data_sha256, file_sha256
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.memory import estimated_memory
from edgekit.pipeline.runs import REFERENCE_WORKER, REFERENCE_WORKERS
from edgekit.pipeline.stage import SourceFile, StageFile, worker_source_digest
from edgekit.pipeline.target import Variant, targets
from edgekit.predict import label, needed, runnable
from edgekit.reference.match import program_hashes

REFERENCE = "reference"


@dataclass(frozen=True)
class Subject:
    """One model as it is run on photos.

    `name` is short ("openvino-fp16"), `batch` how many samples a call takes, `options` go to the worker. `width` is
    how many values the first output has, `machine` where it runs. `artifact` and `variant` are None for the reference.
    """

    name: str
    title: str
    worker: str
    inputs: Mapping[str, SourceFile]
    options: Mapping[str, Any]
    batch: int
    input_name: str
    output: TensorSpec
    width: int
    preprocessing: Preprocessing
    levels: bool
    memory_bytes: int
    precision: str
    artifact: Artifact | None = None
    variant: Variant | None = None
    machine: AnyMachine | None = None
    content: tuple[str, ...] = ()
    """Of the reference: the hashes of its program's files, however they came to be."""
    beside: Mapping[str, SourceFile | StageFile] | None = None

    @property
    def reached(self) -> bool:
        """Whether edgekit's own runner runs it in a worker's place, stage by stage: on a device, or hosted here."""
        return isinstance(self.machine, RemoteMachine) or bool(self.variant and self.variant.hosted)

    @property
    def identity(self) -> str:
        """The hash of its files."""
        return data_sha256(list(self.content) or {role: value.sha256 for role, value in self.inputs.items()})

    @property
    def key(self) -> str:
        """The hash of all that decides what it gives for a photo."""
        return data_sha256(
            {
                "processor": platform.machine(),
                "worker": self.worker,
                "source": worker_source_digest(self.worker),
                "files": self.identity,
                "options": dict(self.options),
                "output": self.output.name,
                "preparing": preparing_code(),
                "preprocessing": msgspec.to_builtins(self.preprocessing),
                "levels": self.levels,
                "machine": self.machine.name if self.machine else None,
            }
        )

    def preparation(self, path: Path, room: int) -> Preparation:
        """How its photos are prepared."""
        return Preparation(self.preprocessing, self.levels, str(path), room)


def artifact_subject(artifact: Artifact, executor: Executor, machine: AnyMachine | None) -> Subject:
    """An artifact on a machine. Raises AbsentError and UsageError where it does not run there (`predict.runnable`)."""
    manifest = artifact.manifest
    variant = runnable(artifact, machine)
    target = targets()[manifest.target]
    files = artifact.by_role()
    batch = calls_of(manifest)
    return Subject(
        name=label(artifact),
        title=f"{target.description.title} {manifest.precision.upper()}",
        worker=target.worker(variant.worker),
        inputs={role: files[file] for role, file in variant.inputs.items()},
        options={**run_options(artifact), "batch": batch, "latency": None},
        batch=batch,
        input_name=manifest.inputs[0].name,
        output=manifest.outputs[0],
        width=width_of(manifest.model, manifest.outputs[0]),
        preprocessing=manifest.preprocessing,
        levels=manifest.embedded_preprocessing,
        memory_bytes=estimated_memory(max(record.bytes for record in manifest.files.values())),
        precision=manifest.precision,
        artifact=artifact,
        variant=variant,
        machine=machine,
        beside=needed(artifact, executor, machine),
    )


def reference_subject(artifact: Artifact, executor: Executor) -> Subject:
    """The program that an artifact was made from, in Paddle in FP32 on this machine.

    Raises AbsentError where it is no longer in the cache.
    """
    manifest = artifact.manifest
    program = program_folder_of(manifest, executor.store.root)
    batch = calls_of(manifest)
    return Subject(
        name=REFERENCE,
        title="Paddle FP32",
        worker=REFERENCE_WORKERS.get(manifest.stages[0].stage, REFERENCE_WORKER),
        inputs={"program": SourceFile(program, manifest.program_key)},
        options={"batch": batch, "latency": None, "oracle": False},
        batch=batch,
        input_name=manifest.inputs[0].name,
        output=manifest.outputs[0],
        width=width_of(manifest.model, manifest.outputs[0]),
        preprocessing=manifest.preprocessing,
        levels=False,
        memory_bytes=estimated_memory(max(record.bytes for record in manifest.files.values())),
        precision="fp32",
        content=program_hashes(program),
    )


def calls_of(manifest: Manifest) -> int:
    """How many samples a call takes: one where it takes any number, as an app gives them."""
    return 1 if manifest.batch == "dynamic" else manifest.batch


@cache
def preparing_code() -> str:
    """The hash of the code that prepares photos."""
    from edgekit import inputs

    folder = Path(inputs.__file__).parent
    return data_sha256({path.name: file_sha256(path) for path in sorted(folder.glob("*.py"))})
