"""A manifest of a small model, for the tests of what serves it."""

from typing import Any

from msgspec.structs import replace

from edgekit.artifact.manifest import FileRecord, Manifest, ModelRecord, TensorSpec, WeightsRecord
from edgekit.inputs.preprocessing import Preprocessing


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
