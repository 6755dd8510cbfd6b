"""An image's layout in a manifest: said where its channels come last, and not said before it could be."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgekit.artifact.check import check_manifest
from edgekit.artifact.load import read_manifest
from edgekit.artifact.manifest import FILE, FileRecord, TensorSpec
from edgekit.conversion.manifest import laid_out
from edgekit.untrusted.values import Unusable
from tests.artifact.test_artifact import manifest_of

IMAGE = TensorSpec("x", "image", (2, 3, 80, 160), "float32", "image")


def test_a_shape_follows_its_layout() -> None:
    (turned,) = laid_out((IMAGE,), {"image": "NHWC"})
    assert (turned.shape, turned.layout) == ((2, 80, 160, 3), "NHWC")
    assert turned.program_shape == IMAGE.program_shape == (2, 3, 80, 160)
    assert laid_out((IMAGE,), {}) == (IMAGE,)


def test_an_old_manifest_says_no_layout(tmp_path: Path) -> None:
    shutil.copyfile(Path(__file__).parent / "manifest_schema_1.json", tmp_path / FILE)
    (image,) = read_manifest(tmp_path).inputs
    assert image.layout is None
    assert image.program_shape == image.shape


def test_only_an_image_has_a_layout(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"weights")
    manifest = replace(
        manifest_of(model),
        target="tflite",
        inputs=(TensorSpec("x", "x", (1, 224, 224, 3), "float32", "image", layout="NHWC"),),
        files={"M.tflite": FileRecord("0" * 64, 7, "model.tflite")},
    )
    check_manifest(manifest)
    wrong = replace(manifest.outputs[0], layout="NHWC")
    with pytest.raises(Unusable, match="logits is no image, and has the layout NHWC"):
        check_manifest(replace(manifest, outputs=(wrong,)))
