"""A manifest of a small model, and an artifact with it, for the tests of what serves it."""

import hashlib
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from edgekit.artifact.manifest import FileRecord, Manifest, ModelRecord, TensorSpec, VariantVerdict, WeightsRecord
from edgekit.artifact.write import write_manifest
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity import Verdict


def manifest_of(**changes: Any) -> Manifest:
    """Of a model x [1, 3, 32, 32] -> y [1, 2], in FP32 for ONNX Runtime, that is not verified."""
    manifest = Manifest(
        edgekit="0.1.0", target="onnx", precision="fp32", batch=1, model=ModelRecord("M", "F", "A", 2, ("cat", "dog")),
        weights=WeightsRecord("demo", "demo", "0" * 64), preprocessing=Preprocessing(resize_short=36, crop=32),
        inputs=(TensorSpec("x", "x", (1, 3, 32, 32), "float32", "image"),),
        outputs=(TensorSpec("y", "y", (1, 2), "float32"),),
        program_key="1" * 64, stages=(), rewrites=(), files={"M.onnx": FileRecord("2" * 64, 1, "model.onnx")},
    )  # fmt: skip
    return replace(manifest, **changes)


def written(folder: Path, **changes: Any) -> Path:
    """An artifact in `folder`, verified by its manifest, whose files are nothing that runs."""
    folder.mkdir(parents=True)
    contents = {"M.onnx": (b"weights", "model.onnx"), "golden.safetensors": (b"golden samples", "golden")}
    records = {}
    for name, (content, role) in contents.items():
        (folder / name).write_bytes(content)
        records[name] = FileRecord(hashlib.sha256(content).hexdigest(), len(content), role)
    verdicts = (VariantVerdict("", Verdict("passed", "Paddle", "fp32")),)
    fields = {"files": {"M.onnx": records["M.onnx"]}, "verdicts": verdicts, **changes}
    write_manifest(folder, manifest_of(golden={"golden.safetensors": records["golden.safetensors"]}, **fields))
    return folder
