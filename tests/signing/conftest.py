"""A small artifact to sign, and keys to sign it with."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgekit.artifact.manifest import FileRecord, Manifest, ModelRecord, TensorSpec, WeightsRecord
from edgekit.artifact.write import write_artifact
from edgekit.filesystem.hashing import file_sha256
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.signing.keys import new_pair
from tests.matrix.conftest import project

__all__ = ["MakeArtifact", "artifact", "make_artifact", "pair", "project"]

MakeArtifact = Callable[..., Path]


@pytest.fixture
def make_artifact(cache: Path, tmp_path: Path) -> MakeArtifact:
    """Makes the artifact of a model for a target in `out`; returns its folder."""

    def make(model: str = "M", target: str = "onnx", **fields) -> Path:
        source = tmp_path / "model.onnx"
        source.write_bytes(b"weights" * 1000)
        manifest = Manifest(
            edgekit="0.1.0",
            target=target,
            precision="fp32",
            batch=1,
            model=ModelRecord(model, "F", "A", 10),
            weights=WeightsRecord("demo", "demo", "0" * 64),
            preprocessing=Preprocessing(),
            inputs=(TensorSpec("x", "x", (1, 3, 224, 224), "float32", kind="image"),),
            outputs=(TensorSpec("logits", "logits", (1, 10), "float32"),),
            program_key="1" * 64,
            stages=(),
            rewrites=(),
            files={"M.onnx": FileRecord(file_sha256(source), source.stat().st_size, "model.onnx")},
        )
        folder = tmp_path / "out" / model / target
        write_artifact(folder, {"M.onnx": source}, replace(manifest, **fields))
        return folder

    return make


@pytest.fixture
def artifact(make_artifact: MakeArtifact) -> Path:
    """The artifact of M for ONNX."""
    return make_artifact()


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A secret key without a password, and its public key."""
    return new_pair(tmp_path / "keys" / "builder", None)
