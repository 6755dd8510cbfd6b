"""INT8 by the real toolchains, as far as it goes without a GPU: the graph that TensorRT gets, and the engine's file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from safetensors.numpy import load_file, save_file

from edgekit.calibration.pictures import made_picture
from edgekit.errors import UsageError
from edgekit.inputs.prepare import preprocess
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.pipeline.target import targets

pytestmark = pytest.mark.toolchain

LOWERED = targets()["tensorrt"].description.source_lowered["int8"]
PAIR = ("QuantizeLinear", "DequantizeLinear")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Prepared pictures to calibrate on, and others to judge by."""
    spec = Preprocessing(resize_short=64, crop=64)
    made = np.stack([preprocess(made_picture(index, 80), spec) for index in range(20)])
    folder = tmp_path_factory.mktemp("photos")
    save_file({"x": made[:15]}, folder / "calibration.safetensors")
    save_file({"x": made[15:]}, folder / "judged.safetensors")
    return folder / "calibration.safetensors", folder / "judged.safetensors"


@pytest.fixture(scope="module")
def quantised(run_worker, onnx_model: Path, photos) -> Path:
    """The folder of MixNet_S as TensorRT gets it, with the record of its quantisation."""
    inputs = {"model.onnx": onnx_model, "calibration": photos[0]}
    return run_worker(LOWERED.worker, inputs, {"batch": 1, **LOWERED.options})[1]


@pytest.fixture(scope="module")
def engine(run_worker, quantised: Path) -> tuple[dict[str, Any], Path]:
    """Its engine, and what the converter said."""
    options = {"gpu": ["sm86"], "precision": "int8"}
    return run_worker("tensorrt/convert.py", {"onnx": quantised / "model.onnx"}, options)


def test_the_graph_is_in_the_form_that_tensorrt_takes(quantised: Path) -> None:
    graph = onnx.load(quantised / "model.onnx").graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    pairs = [node for node in graph.node if node.op_type in PAIR]
    assert len(pairs) > 100
    for node in pairs:
        zero = constants[node.input[2]]
        assert zero.dtype == np.int8 and not zero.any()
    # A scale for each output channel of a convolution's weights, one for an activation, none for a bias.
    for node in pairs:
        integers, scale = constants.get(node.input[0]), constants[node.input[1]]
        if node.op_type == "DequantizeLinear" and integers is not None:
            assert integers.dtype == np.int8 and integers.ndim in (2, 4)
            assert np.atleast_1d(scale).size == integers.shape[0 if integers.ndim == 4 else 1]
        else:
            assert np.atleast_1d(scale).size == 1
    dequantised = {node.output[0] for node in pairs if node.op_type == "DequantizeLinear"}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    assert all(set(node.input[:2]) <= dequantised and set(node.input[2:]) <= set(constants) for node in convolutions)


def test_it_computes_nearly_the_same(run_worker, onnx_model: Path, quantised: Path, photos) -> None:
    options = {"batch": 1, "threads": 1, "inputs": {}, "outputs": {}, "output_shapes": {"logits": [1, 10]}}
    full, small = (
        load_file(
            run_worker("onnx/run.py", {"model": model, "tensors": photos[1]}, {**options, "precision": precision})[1]
            / "outputs.safetensors"
        )["logits"]
        for model, precision in ((onnx_model, "fp32"), (quantised / "model.onnx", "int8"))
    )
    noise = 10 * np.log10((full**2).sum(axis=1) / ((small - full) ** 2).sum(axis=1))
    assert np.median(noise) > 15
    assert (small != full).any(axis=1).all()


def test_an_engine_is_built_of_it_and_accounted_for(
    run_worker, engine: tuple[dict[str, Any], Path], quantised: Path, mixnet_program: Path, tmp_path: Path
) -> None:
    details, output = engine
    record = json.loads((output / "model.engine.json").read_text())
    small = [one for one in record["weights"] if one["steps"]]
    assert record["precision"] == "int8" and len(small) > 40
    assert details["weights"]["found"] > 0.6 * details["weights"]["bytes"]
    files = {"engine": output / "model.engine", "record": output / "model.engine.json"}
    inputs = {"program": mixnet_program, "chosen": quantised, **files}
    found, _ = run_worker("tensorrt/parameters.py", inputs, {"added": []})
    assert found["unexplained"] == []
    assert sum(count for how, count in found["explained"].items() if how.endswith("in 8 bits")) == len(small)
    # One integer that is off by two is noticed by the bytes that were noted, and by the program.
    content = bytearray((output / "model.engine").read_bytes())
    content[small[0]["offset"]] ^= 2
    files["engine"] = tmp_path / "model.engine"
    files["engine"].write_bytes(content)
    seen, _ = run_worker("tensorrt/examine.py", files, {})
    assert seen["differences"] == [f"weight {small[0]['name']} is not what it was converted from"]
    found, _ = run_worker("tensorrt/parameters.py", {**inputs, **files}, {"added": []})
    (wrong,) = found["unexplained"]
    assert wrong["name"] == small[0]["name"] and "no parameter of the program" in wrong["fault"]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (None, "has no QuantizeLinear: nothing of it is in 8 bits"),
        ("onnxruntime", "is not of signed 8 bits with a zero point of 0"),
    ],
)
def test_a_graph_of_another_form_is_refused(run_worker, onnx_model: Path, photos, form: str | None, said: str) -> None:
    if form is not None:
        inputs = {"model.onnx": onnx_model, "calibration": photos[0]}
        options = {"batch": 1, "form": form, "method": "minmax"}
        onnx_model = run_worker(LOWERED.worker, inputs, options)[1] / "model.onnx"
    with pytest.raises(UsageError, match=said):
        run_worker("tensorrt/convert.py", {"onnx": onnx_model}, {"gpu": ["sm86"], "precision": "int8"})
