"""Preprocessing folded into OpenVINO IR: 8-bit photos in, the same logits out as with tensors."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

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
    folder = tmp_path_factory.mktemp("samples")
    save_file({"x": levels}, folder / "levels.safetensors")
    save_file({"x": np.ascontiguousarray(normalised(levels, SPEC))}, folder / "tensors.safetensors")
    return folder / "levels.safetensors", folder / "tensors.safetensors"


def embed(run_worker, folder: Path, **changes):
    inputs = {name: folder / name for name in ("model.xml", "model.bin")}
    return run_worker("openvino/embed.py", inputs, {**NORMALISATION, **changes})


def run(run_worker, folder: Path, tensors: Path, precision: str) -> Path:
    inputs = {"model": folder / "model.xml", "weights": folder / "model.bin", "tensors": tensors}
    return run_worker("openvino/run.py", inputs, {"batch": 1, "threads": 2, "precision": precision})[1]


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_photos_give_what_tensors_give(run_worker, mixnet_program, samples, precision) -> None:
    """In half precision too: the weights stay compressed, and the mean does not become so."""
    _, plain = run_worker("openvino/convert.py", {"program": mixnet_program}, {"precision": precision})
    details, embedded = embed(run_worker, plain)
    assert details["inputs"] == [{"name": "x", "shape": [1, 64, 64, 3], "dtype": "uint8"}]
    tensors = load_file(run(run_worker, plain, samples[1], precision) / "outputs.safetensors")["logits"]
    assert relative_error(run(run_worker, embedded, samples[0], precision), tensors) < 2e-6
    sizes = [(folder / "model.bin").stat().st_size for folder in (plain, embedded)]
    assert abs(sizes[1] - sizes[0]) < 10_000

    _, swapped = embed(run_worker, plain, std=STDS[::-1])
    assert relative_error(run(run_worker, swapped, samples[0], precision), tensors) > 1e-4
