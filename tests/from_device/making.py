"""Makes devices' reports without a device: what the runtime would write, by edgekit's own preparation."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors.numpy import save

from edgekit.artifact.manifest import FileRecord, Manifest, ModelRecord, TensorSpec, WeightsRecord
from edgekit.artifact.write import write_artifact
from edgekit.classes import prepared
from edgekit.inputs.preprocessing import Preprocessing

MODEL = b"a model"
NAMES = ("cat", "dog", "owl")
MANIFEST = Manifest(
    edgekit="0.1.0",
    target="ncnn",
    precision="fp32",
    batch=1,
    model=ModelRecord("M", "F", "A", 3, NAMES),
    weights=WeightsRecord("demo", "demo", "0" * 64),
    preprocessing=Preprocessing(resize_short=36, crop=32),
    inputs=(TensorSpec("x", "in0", (1, 3, 32, 32), "float32", "image"),),
    outputs=(TensorSpec("logits", "out0", (1, 3), "float32"),),
    program_key="1" * 64,
    stages=(),
    rewrites=(),
    files={
        f"M.ncnn.{end}": FileRecord(hashlib.sha256(MODEL).hexdigest(), len(MODEL), f"model.ncnn.{end}")
        for end in ("bin", "param")
    },
)


def photo(height: int = 60, width: int = 80) -> np.ndarray:
    """A photo with edges in all directions, uint8 [H, W, 3]."""
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / 3) * 90, np.cos(columns / 4) * 90, ((rows // 7 + columns // 5) % 2) * 150 - 75]
    return (np.stack(waves, axis=2) + 128).astype(np.uint8)


def artifact(folder: Path, manifest: Manifest = MANIFEST) -> Path:
    """The artifact that reports are of."""
    (folder.parent / "model").write_bytes(MODEL)
    write_artifact(folder, dict.fromkeys(manifest.files, folder.parent / "model"), manifest)
    return folder


def report(manifest: bytes, **changes: Any) -> dict[str, Any]:
    """A report.json."""
    return {
        "schema_version": 1,
        "edgekit": "0.1.0",
        "backend": "ncnn",
        "backend_version": "1.0",
        "compiler": "clang 18",
        "architecture": "aarch64",
        "threads": 4,
        "precision": "fp32",
        "cpu_features": ["asimd"],
        "machine": {"manufacturer": "Paragon", "model": "P1", "android": 14, "abi": "arm64-v8a"},
        "model": "M",
        "target": "ncnn",
        "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
        "frame": "frame.png",
        "latency": {"p50_ms": 5.0, "repeats": 10},
        "top": [{"index": 2, "label": "owl", "probability": 0.9}],
        "self_test": {"passed": True, "stages": [{"stage": "output logits", "status": "passed", "figure": 1e-7}]},
        **changes,
    }


def sent(
    path: Path, folder: Path, files: dict[str, bytes] | None = None, method: int = zipfile.ZIP_DEFLATED, **changes: Any
) -> Path:
    """A zip as a device sends it, of the artifact in `folder`; `files` take the place of its own."""
    manifest = (folder / "manifest.json").read_bytes()
    image = photo()
    Image.fromarray(image).save(path.with_suffix(".png"))
    content = {
        "report.json": json.dumps(report(manifest, **changes)).encode(),
        "manifest.json": manifest,
        "frame.png": path.with_suffix(".png").read_bytes(),
        "tensors.safetensors": save({"x": prepared(image, MANIFEST)[None]}),
        "outputs.safetensors": save({"logits": np.array([[0.5, -1.0, 3.0]], np.float32)}),
        **(files or {}),
    }
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, one in content.items():
            archive.writestr(name, one)
    return path
