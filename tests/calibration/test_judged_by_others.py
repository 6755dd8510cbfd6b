"""What a model was calibrated on does not judge it."""

from pathlib import Path

import pytest
from msgspec import json

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import CalibrationRecord, Manifest, ModelRecord, TensorSpec, WeightsRecord
from edgekit.errors import AbsentError, UsageError
from edgekit.inputs.photo_folder import OwnPhoto, PhotoFolder
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.store import StageStore
from edgekit.toolchain.worker import Toolchain
from edgekit.verification.verify import verify

MANIFEST = Manifest(
    edgekit="0.1.0",
    target="onnx",
    precision="int8",
    batch=1,
    model=ModelRecord("M", "MixNet", "A", 10),
    weights=WeightsRecord("demo", "demo", "0" * 64),
    preprocessing=Preprocessing(),
    inputs=(TensorSpec("x", "x", (1, 3, 224, 224), "float32", "image"),),
    outputs=(),
    program_key="1" * 64,
    stages=(),
    rewrites=(),
    files={},
    calibration=CalibrationRecord("photos", "2" * 64, {"a.jpg": "3" * 64, "b.jpg": "4" * 64}),
)


def own(*hashes: str) -> PhotoFolder:
    photos = tuple(OwnPhoto(f"{index}.png", Path(f"{index}.png"), sha256) for index, sha256 in enumerate(hashes))
    return PhotoFolder(Path("mine"), photos, len(photos))


def test_verification_refuses_them_before_anything_runs(cache: Path) -> None:
    executor = Executor(StageStore(cache / "stages"), Toolchain(cache))
    with pytest.raises(UsageError, match=r"1.png is to be used to verify.*calibrated on it \(as b.jpg\)"):
        verify([Artifact(cache, MANIFEST)], executor, own=own("5" * 64, "4" * 64))
    # With others it goes on, and misses what comes next.
    with pytest.raises((AbsentError, UsageError)) as caught:
        verify([Artifact(cache, MANIFEST)], executor, own=own("5" * 64, "6" * 64))
    assert "calibrated" not in str(caught.value)


def test_a_manifest_keeps_what_it_was_calibrated_on_and_reads_those_without() -> None:
    assert json.decode(json.encode(MANIFEST), type=Manifest) == MANIFEST
    plain = json.decode(json.encode(MANIFEST))
    del plain["calibration"]
    assert json.decode(json.encode(plain), type=Manifest).calibration is None
