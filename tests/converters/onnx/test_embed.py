"""Preprocessing folded into ONNX: 8-bit photos in, the same bits out as with tensors."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file, save_file

from edgekit.errors import ConversionError
from edgekit.inputs.prepare import normalised
from edgekit.inputs.preprocessing import Preprocessing
from tests.converters.onnx.agreement import relative_error

pytestmark = pytest.mark.toolchain

SPEC = Preprocessing(resize_short=64, crop=64)
MINIMUM, DIVISORS, MEANS, STDS = (values.tolist() for values in SPEC.constants)
NORMALISATION = {"min_value": MINIMUM, "divide_by": DIVISORS, "mean": MEANS, "std": STDS, "fused": False}


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> tuple[Path, Path]:
    """The same three images as 8-bit levels and as tensors."""
    levels = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    levels[2] = np.arange(256, dtype=np.uint8)[: 64 * 4].reshape(4, 64).repeat(16, axis=0)[:, :, None]
    folder = tmp_path_factory.mktemp("samples")
    save_file({"x": levels}, folder / "levels.safetensors")
    save_file({"x": np.ascontiguousarray(normalised(levels, SPEC))}, folder / "tensors.safetensors")
    return folder / "levels.safetensors", folder / "tensors.safetensors"


def run(run_worker, model: Path, tensors: Path) -> Path:
    return run_worker("onnx/run.py", {"model": model, "tensors": tensors}, {"batch": 1, "threads": 2})[1]


def test_photos_give_the_same_bits_as_tensors(run_worker, onnx_model, samples) -> None:
    details, output = run_worker("onnx/embed.py", {"model.onnx": onnx_model}, NORMALISATION)
    assert details["inputs"] == [{"name": "x", "shape": [1, 64, 64, 3], "dtype": "uint8"}]
    photos = run(run_worker, output / "model.onnx", samples[0])
    tensors = load_file(run(run_worker, onnx_model, samples[1]) / "outputs.safetensors")["logits"]
    # The steps are PaddleClas's own, in FP32.
    np.testing.assert_array_equal(load_file(photos / "outputs.safetensors")["logits"], tensors)
    kinds = [node.op_type for node in onnx.load(output / "model.onnx").graph.node]
    assert kinds[:5] == ["Cast", "Mul", "Sub", "Div", "Transpose"]


def test_the_original_is_left_alone(run_worker, onnx_model) -> None:
    before = onnx_model.read_bytes()
    run_worker("onnx/embed.py", {"model.onnx": onnx_model}, NORMALISATION)
    assert onnx_model.read_bytes() == before


def test_blue_for_red_shows(run_worker, onnx_model, samples) -> None:
    wrong = {**NORMALISATION, "mean": MEANS[::-1]}
    _, output = run_worker("onnx/embed.py", {"model.onnx": onnx_model}, wrong)
    right = load_file(run(run_worker, onnx_model, samples[1]) / "outputs.safetensors")["logits"]
    assert relative_error(run(run_worker, output / "model.onnx", samples[0]), right) > 1e-3


def test_a_batch_of_any_size_stays_one(run_worker, onnx_model, samples, tmp_path) -> None:
    graph = onnx.load(onnx_model)
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.save(graph, tmp_path / "model.onnx")
    details, output = run_worker("onnx/embed.py", {"model.onnx": tmp_path / "model.onnx"}, NORMALISATION)
    assert details["inputs"][0]["shape"] == [-1, 64, 64, 3]
    assert onnx.load(output / "model.onnx").graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"


def test_what_takes_no_image_is_refused(run_worker, onnx_model, tmp_path) -> None:
    graph = onnx.load(onnx_model)
    graph.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 4
    onnx.save(graph, tmp_path / "model.onnx")
    with pytest.raises(ConversionError, match=r"one input \[N, 3, H, W\]"):
        run_worker("onnx/embed.py", {"model.onnx": tmp_path / "model.onnx"}, NORMALISATION)
