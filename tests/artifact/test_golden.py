"""The golden inputs that travel with an artifact: enough to test it on a device, and no part of what it is."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file

from edgekit.artifact.golden import FILE, chosen_samples, write_golden
from edgekit.artifact.load import load_artifact
from edgekit.artifact.manifest import FileRecord, Manifest, ModelRecord, TensorSpec, WeightsRecord
from edgekit.artifact.write import write_artifact
from edgekit.conversion.write import unchanged_artifact
from edgekit.errors import UsageError
from edgekit.inputs.golden import GoldenInputs, golden_inputs
from edgekit.inputs.prepare import cropped_levels, normalised, preprocess
from edgekit.inputs.preprocessing import Preprocessing

MODEL = b"a model"
SPEC = Preprocessing(resize_short=73, crop=64)
MANIFEST = Manifest(
    edgekit="0.1.0",
    target="onnx",
    precision="fp32",
    batch=1,
    model=ModelRecord("M", "F", "A", 10),
    weights=WeightsRecord("demo", "demo", "0" * 64),
    preprocessing=SPEC,
    inputs=(TensorSpec("x", "x", (1, 3, 64, 64), "float32", "image"),),
    outputs=(TensorSpec("logits", "logits", (1, 10), "float32"),),
    program_key="1" * 64,
    stages=(),
    rewrites=(),
    files={"M.onnx": FileRecord(hashlib.sha256(MODEL).hexdigest(), len(MODEL), "model.onnx")},
)


@pytest.fixture(scope="module")
def golden() -> GoldenInputs:
    return golden_inputs(SPEC, "x")


@pytest.fixture
def folder(cache: Path, tmp_path: Path) -> Path:
    (tmp_path / "model.onnx").write_bytes(MODEL)
    write_artifact(tmp_path / "onnx", {"M.onnx": tmp_path / "model.onnx"}, MANIFEST)
    return tmp_path / "onnx"


def write(folder: Path, golden: GoldenInputs, manifest: Manifest = MANIFEST) -> Manifest:
    logits = np.arange(100, dtype=np.float64).reshape(10, 10) / 3
    return write_golden(folder, manifest, golden.tensors, {"logits": logits}, golden.labels, golden.kinds)


def test_a_photo_and_noise_travel_with_the_oracle_s_outputs(folder: Path, golden: GoldenInputs) -> None:
    written = write(folder, golden)
    tensors = load_file(folder / FILE)
    assert sorted(tensors) == ["input/x", "levels", "oracle/logits", "photo", "photo_file"]
    np.testing.assert_array_equal(tensors["input/x"], golden.tensors["x"][[0, 8]])
    np.testing.assert_array_equal(tensors["oracle/logits"][:, 0], np.array([0, 80 / 3], np.float32))
    with safe_open(folder / FILE, "numpy") as file:
        about = json.loads(file.metadata()["edgekit"])
    assert about["labels"] == ["photo astronaut", "synthetic noise 0"]
    assert about["sources"] == {"photo astronaut": "NASA, public domain, https://flic.kr/p/r9qvLn"}
    assert load_artifact(folder).manifest == written
    assert written.golden[FILE].bytes == (folder / FILE).stat().st_size


def test_the_photo_becomes_the_first_input(folder: Path, golden: GoldenInputs) -> None:
    """So a device can test its own decoder and preprocessing, step by step."""
    write(folder, golden)
    tensors = load_file(folder / FILE)
    with Image.open(io.BytesIO(tensors["photo_file"].tobytes())) as photo:
        np.testing.assert_array_equal(np.asarray(photo.convert("RGB")), tensors["photo"])
    np.testing.assert_array_equal(cropped_levels(tensors["photo"], SPEC), tensors["levels"])
    np.testing.assert_array_equal(normalised(tensors["levels"], SPEC), tensors["input/x"][0])
    np.testing.assert_array_equal(preprocess(tensors["photo"], SPEC), tensors["input/x"][0])


def test_of_photos_of_the_user_s_own_nothing_but_tensors_travels(folder: Path, golden: GoldenInputs) -> None:
    labels = ("photo my cellar", *golden.labels[1:])
    logits = np.ones((10, 10))
    write_golden(folder, MANIFEST, golden.tensors, {"logits": logits}, labels, golden.kinds)
    assert sorted(load_file(folder / FILE)) == ["input/x", "oracle/logits"]


def test_a_second_time_the_file_stays(folder: Path, golden: GoldenInputs) -> None:
    first = write(folder, golden)
    before = (folder / FILE).stat()
    assert write(folder, golden) == first
    assert (folder / FILE).stat().st_ino == before.st_ino


def test_an_artifact_with_golden_inputs_counts_as_unchanged(folder: Path, golden: GoldenInputs) -> None:
    written = write(folder, golden)
    assert written.golden
    present = unchanged_artifact(folder, MANIFEST)
    assert present is not None
    assert present.manifest == written
    assert unchanged_artifact(folder, replace(MANIFEST, batch=2)) is None


def test_changed_golden_inputs_are_noticed(folder: Path, golden: GoldenInputs) -> None:
    write(folder, golden)
    content = bytearray((folder / FILE).read_bytes())
    content[-1] ^= 1
    (folder / FILE).write_bytes(content)
    with pytest.raises(UsageError, match=r"golden\.safetensors has been changed"):
        load_artifact(folder)


@pytest.mark.parametrize(
    ("batch", "chosen"), [(1, [0, 8]), (2, [0, 8]), (3, [0, 8, 1]), (4, [0, 8, 1, 2]), (9, [0, 8, 1, 2, 3, 4, 5, 6, 7])]
)  # fmt: skip
def test_whole_batches_are_filled(batch: int, chosen: list[int]) -> None:
    assert chosen_samples(["photo"] * 8 + ["synthetic"] * 2, batch) == chosen


@pytest.mark.parametrize(
    ("batch", "chosen"), [(1, [0, 1]), (2, [0, 1]), (3, [0, 1, 2]), (10, [0, 1, 2, 3, 4, 5, 6, 7, 0, 1])]
)
def test_in_int8_photos_alone_travel(batch: int, chosen: list[int]) -> None:
    """Noise goes beyond what its integers hold, and every golden sample must be within the verdict's limit."""
    assert chosen_samples(["photo"] * 8 + ["synthetic"] * 2, batch, "int8") == chosen
    assert chosen_samples(["synthetic"] * 2, batch, "int8") == [index % 2 for index in range(max(batch, 2))]


def test_levels_are_the_same_photos(golden: GoldenInputs) -> None:
    """Embedded preprocessing: the program's tensors are what becomes of the 8-bit levels, and photos lose nothing."""
    levels, tensors = golden.levels(SPEC), golden.from_levels(SPEC)
    assert levels.tensors["x"].dtype == np.uint8
    assert levels.tensors["x"].shape == (10, 64, 64, 3)
    np.testing.assert_array_equal(normalised(levels.tensors["x"], SPEC), tensors.tensors["x"])
    np.testing.assert_array_equal(tensors.tensors["x"][:8], golden.tensors["x"][:8])
    # Noise moves by half a level at the most.
    assert 0 < np.abs(tensors.tensors["x"][8:] - golden.tensors["x"][8:]).max() <= 0.501 / 255 / SPEC.constants[3].min()
    assert len({golden.samples_sha256, tensors.samples_sha256, levels.samples_sha256}) == 3
