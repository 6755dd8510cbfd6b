"""A bundle comes from a stranger: everything that could be wrong with it is one sentence."""

import json
import pickle
import struct
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from safetensors.numpy import load_file, save, save_file

import edgekit.reference.bundle
from edgekit.errors import UsageError
from edgekit.inputs.golden import golden_inputs
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.reference.bundle import KEY, checked_bundle, open_bundle, write_bundle
from edgekit.reference.description import Description, InputsPart, ModelPart
from edgekit.reference.tensors import OUTPUT, VALUES
from tests.reference.making import CLASSES, Network, described, written

LOGITS = Network.of(0).run("fp32")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "bundle.safetensors", LOGITS).path


def header(path: Path) -> tuple[dict[str, Any], bytes]:
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def with_header(path: Path, document: dict[str, Any], data: bytes) -> None:
    encoded = json.dumps(document).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)


def with_description(path: Path, change: dict[str, Any]) -> None:
    """Change fields of the description; `a.b` means the field b of the part a."""
    document, data = header(path)
    said = json.loads(document["__metadata__"][KEY])
    for place, value in change.items():
        part, _, field = place.partition(".")
        if field:
            said[part][field] = value
        else:
            said[part] = value
    document["__metadata__"][KEY] = json.dumps(said)
    with_header(path, document, data)


def refused(path: Path, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_bundle(path)
    assert expected in caught.value.message
    assert "\n" not in caught.value.message


def test_a_bundle_is_read_back_as_it_was_written(path: Path) -> None:
    bundle, content = checked_bundle(path)
    assert bundle.description == described({"logits": LOGITS})
    assert np.array_equal(bundle.outputs["logits"], LOGITS)
    assert content == path.read_bytes()
    assert open_bundle(path) == bundle
    assert len(content) < 6000


def test_the_same_recording_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = written(tmp_path / "again.safetensors", LOGITS).path
    assert again.read_bytes() == path.read_bytes()


def test_inputs_travel_along_where_asked(tmp_path: Path) -> None:
    preprocessing = Preprocessing(resize_short=64, crop=64)
    golden = golden_inputs(preprocessing, "x")
    part = InputsPart(
        golden.samples_sha256,
        {"x": golden.tensors["x"].shape},
        golden.labels,
        golden.kinds,
        preprocessing,
        (),
        2,
        stored=True,
    )
    description = described({"logits": LOGITS}, inputs=part)
    path = tmp_path / "with.safetensors"
    write_bundle(path, description, {"logits": LOGITS}, golden.tensors)
    checked_bundle(path)
    tensors = load_file(path)
    tensors[VALUES + "x"][0, 0, 0, 0] += 1
    save_file(tensors, path, {KEY: msgspec.json.encode(description).decode()})
    refused(path, "have been changed: their hash is another")


def test_what_no_reader_would_take_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(UsageError, match="cannot be described"):
        written(path, LOGITS, model=ModelPart("x" * 101, "Test", "Net", CLASSES))
    assert not path.exists()


def test_what_is_no_bundle_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    refused(path, "there is no reference bundle")
    refused(tmp_path, "is a folder, not a file")
    path.write_bytes(b"")
    refused(path, "is no whole safetensors file")
    path.write_bytes(pickle.dumps({"logits": LOGITS}))
    refused(path, "is no whole safetensors file")
    save_file({"logits": LOGITS}, path)
    refused(path, "and no reference bundle of edgekit")
    save_file({"logits": LOGITS}, path, {KEY: "[1]"})
    refused(path, "the description in")


def test_a_header_cannot_make_it_allocate(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = path.read_bytes()
    path.write_bytes(struct.pack("<Q", 1 << 62) + content[8:])
    refused(path, "is no whole safetensors file")
    path.write_bytes(content)
    monkeypatch.setattr(edgekit.reference.bundle, "LARGEST_BYTES", len(content) - 1)
    refused(path, "is too large for a reference bundle")
    with pytest.raises(UsageError, match="too large"):
        open_bundle(path)


def test_a_tensor_cannot_claim_more_than_the_file_holds(path: Path) -> None:
    document, data = header(path)
    document[OUTPUT + "logits"] = {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}
    with_header(path, document, data)
    refused(path, "is no whole safetensors file")


@pytest.mark.parametrize("kept", [9, 100, -1])
def test_a_file_cut_short_is_refused(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    refused(path, "safetensors file")


def test_a_changed_value_is_noticed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(bytes(content))
    refused(path, "has been changed: its hash is another")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_must_be_finite(tmp_path: Path, value: float) -> None:
    bad = LOGITS.copy()
    bad[2, 3] = value
    refused(written(tmp_path / "bad.safetensors", bad).path, "holds NaN or infinity")


@pytest.mark.parametrize(
    ("name", "tensor", "expected"),
    [
        ("output/more", np.zeros(3, np.float32), "does not hold the tensors that it describes (output/more)"),
        ("../../evil", np.zeros(3, np.float32), "does not hold the tensors that it describes"),
        ("output/logits", LOGITS.astype(np.float64), "is float64"),
        ("output/logits", LOGITS[:, :5].copy(), "is float32 [10, 5], not as described"),
    ],
)
def test_tensors_must_be_those_described(path: Path, name: str, tensor: np.ndarray, expected: str) -> None:
    metadata = {KEY: header(path)[0]["__metadata__"][KEY]}
    path.write_bytes(save({**load_file(path), name: tensor}, metadata))
    refused(path, expected)


@pytest.mark.parametrize(
    "change",
    [
        {"model.name": "../../etc/passwd"},
        {"model.name": ""},
        {"model.family": "x\x1b[31mred"},
        {"device.name": "Tesla\nfake line"},
        {"device.name": "Tesla\n"},
        {"model.name": "Net\n"},
        {"device.name": "x" * 201},
        {"device.name": "right\u202eleft"},
        {"device.kind": "tpu"},
        {"device.kind": "cpu"},
        {"backend.name": "paddle-cpu"},
        {"backend.name": "/bin/sh"},
        {"program.graph_sha256": "A" * 64},
        {"program.input_size": 0},
        {"program.batch": 0},
        {"inputs.labels": ["one"]},
        {"inputs.kinds": ["photo"]},
        {"inputs.shapes": {"x": [9, 3, 64, 64]}},
        {"inputs.shapes": {"x": [10, -1]}},
        {"outputs": {}},
        {"recorded": "yesterday"},
        {"measured": {"logits": {"exactness": "fine"}}},
        {"command": "rm -rf /"},
    ],
)
def test_an_impossible_description_is_refused(path: Path, change: dict[str, Any]) -> None:
    with_description(path, change)
    refused(path, "the description in")


def test_a_newer_edgekit_is_named(path: Path) -> None:
    with_description(path, {"schema": 2, "edgekit": "9.9", "unheard": "of"})
    refused(path, "was written by a newer edgekit (9.9)")


def test_deep_json_is_no_crash(path: Path) -> None:
    document, data = header(path)
    document["__metadata__"][KEY] = "[" * 100_000
    with_header(path, document, data)
    refused(path, "the description in")


def test_a_description_says_what_it_is() -> None:
    said = described({"logits": LOGITS})
    assert said.title == "ONNX Runtime on CUDA 1.31.1 on Test GPU (FP32, TF32 off), recorded 2026-11-20"
    odd = replace(said, weights=replace(said.weights, kind="file", spec="../my weights;.pdparams"))
    assert odd.slug == "Net_file-..-my-weights-.pdparams_64px_batch-1_onnxruntime-cuda_Test-GPU"
    assert isinstance(odd, Description)
