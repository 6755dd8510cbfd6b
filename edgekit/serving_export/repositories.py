"""The forms of model repositories: where a model's files go, and what a server is told of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from edgekit.artifact.manifest import Manifest, TensorSpec

VERSION = "1"
MODELS = "models"


@dataclass(frozen=True)
class Files:
    """A repository: `copied`, from the artifact's names of files to paths in it, and `written`, from paths to texts."""

    copied: Mapping[str, str]
    written: Mapping[str, str]


class Repository(Protocol):
    """A form."""

    @property
    def title(self) -> str:
        """The server's name."""
        ...

    @property
    def targets(self) -> tuple[str, ...]:
        """Those that it can serve, the better first."""
        ...

    @property
    def start(self) -> str:
        """The command that starts it where the repository lies."""
        ...

    @property
    def url(self) -> str:
        """REST's address then."""
        ...

    def files(self, name: str, manifest: Manifest) -> Files:
        """The repository of one model."""
        ...


class Ovms:
    """OpenVINO Model Server: `config.json`, and a folder of numbered versions for each model.

    docs.openvino.ai, model-server: "Preparing a Model Repository", "Model Server Parameters". Without the precision
    hint its CPU plugin computes in bf16 or f16 where the processor has them.
    """

    title = "OpenVINO Model Server"
    targets = ("openvino", "onnx")
    start = (
        "docker run --rm -p 8000:8000 -p 9000:9000 -v $PWD/models:/models openvino/model_server:latest "
        "--config_path /models/config.json --rest_port 8000 --port 9000"
    )
    url = "http://127.0.0.1:8000"

    def files(self, name: str, manifest: Manifest) -> Files:
        """See `Repository`."""
        copied = {}
        for file, record in manifest.files.items():
            _, _, suffix = record.role.rpartition(".")
            copied[file] = f"{MODELS}/{name}/{VERSION}/model.{suffix}"
        model = {
            "name": name,
            "base_path": f"/{MODELS}/{name}",
            "target_device": "CPU",
            "plugin_config": {"INFERENCE_PRECISION_HINT": "f32"},
        }
        document = {"model_config_list": [{"config": model}]}
        return Files(copied, {f"{MODELS}/config.json": json.dumps(document, indent=2) + "\n"})


class Triton:
    """NVIDIA Triton Inference Server with its backend for ONNX Runtime, on the CPU.

    triton-inference-server/server, docs/user_guide: "Model Repository", "Model Configuration". TF32 and the like are a
    GPU's: instances on the CPU compute as the artifact was verified.
    """

    title = "Triton Inference Server"
    targets = ("onnx",)
    start = (
        "docker run --rm -p 8000:8000 -p 8001:8001 -v $PWD/models:/models nvcr.io/nvidia/tritonserver:RELEASE-py3 "
        "tritonserver --model-repository /models"
    )
    url = "http://127.0.0.1:8000"

    def files(self, name: str, manifest: Manifest) -> Files:
        """See `Repository`."""
        (file,) = manifest.files
        folder, labels = f"{MODELS}/{name}", manifest.model.class_names
        written = {f"{folder}/config.pbtxt": configuration(name, manifest)}
        if labels:
            written[f"{folder}/labels.txt"] = "".join(f"{label}\n" for label in labels)
        return Files({file: f"{folder}/{VERSION}/model.onnx"}, written)


REPOSITORIES: dict[str, Repository] = {"ovms": Ovms(), "triton": Triton()}
TYPES = {"float16": "TYPE_FP16", "float32": "TYPE_FP32", "float64": "TYPE_FP64", "uint8": "TYPE_UINT8"}


def configuration(name: str, manifest: Manifest) -> str:
    """Triton's `config.pbtxt`. The batch is an extent like any other: `max_batch_size` is 0."""
    labels = bool(manifest.model.class_names)
    lines = [f"name: {quoted(name)}", 'backend: "onnxruntime"', "max_batch_size: 0"]
    lines += ["input [", ",\n".join(tensor(spec) for spec in manifest.inputs), "]"]
    outputs = [tensor(spec, labels=labels and number == 0) for number, spec in enumerate(manifest.outputs)]
    lines += ["output [", ",\n".join(outputs), "]"]
    lines += ["instance_group [ { kind: KIND_CPU } ]"]
    return "\n".join(lines) + "\n"


def tensor(spec: TensorSpec, *, labels: bool = False) -> str:
    """A tensor in a `config.pbtxt`."""
    dims = ", ".join(str(extent) for extent in spec.shape)
    named = ', label_filename: "labels.txt"' if labels else ""
    return f"  {{ name: {quoted(spec.target_name)}, data_type: {TYPES[spec.dtype]}, dims: [ {dims} ]{named} }}"


def quoted(text: str) -> str:
    """A string of protobuf's text format."""
    return json.dumps(text)
