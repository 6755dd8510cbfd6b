"""A layer that stays in FP32 in an INT8 model is computed in FP32, whatever ONNX Runtime makes of the model."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file, save_file

pytestmark = pytest.mark.toolchain

CHANNELS = 8


def network(path: Path) -> None:
    """Three convolutions. The first one's first channel is dead, and what the second has for it is far too large to
    have 8 bits in common with its other weights."""
    random = np.random.default_rng(0)
    weights = {
        "w1": random.normal(size=(CHANNELS, 3, 3, 3)),
        "w2": random.normal(size=(CHANNELS, CHANNELS, 1, 1)),
        "w3": random.normal(size=(4, CHANNELS, 1, 1)),
    }
    weights["w1"][0] = 0
    weights["w2"][:, 0] = 1000
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["a"], "first"),
        helper.make_node("Relu", ["a"], ["b"], "relu1"),
        helper.make_node("Conv", ["b", "w2"], ["c"], "second"),
        helper.make_node("Relu", ["c"], ["d"], "relu2"),
        helper.make_node("Conv", ["d", "w3"], ["e"], "third"),
        helper.make_node("GlobalAveragePool", ["e"], ["f"], "mean"),
        helper.make_node("Flatten", ["f"], ["logits"], "flat"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 4])],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def test_weights_of_a_layer_in_float_are_not_rounded(run_worker, tmp_path: Path) -> None:
    network(tmp_path / "model.onnx")
    photos = np.random.default_rng(1).normal(size=(24, 3, 16, 16)).astype(np.float32)
    save_file({"x": photos}, tmp_path / "photos.safetensors")
    inputs = {"model.onnx": tmp_path / "model.onnx", "calibration": tmp_path / "photos.safetensors"}

    def logits(model: Path) -> np.ndarray:
        options = {"batch": 1, "threads": 1, "precision": "int8", "output_shapes": {"logits": [1, 4]}}
        _, output = run_worker("onnx/run.py", {"model": model, "tensors": tmp_path / "photos.safetensors"}, options)
        return load_file(output / "outputs.safetensors")["logits"].astype(np.float64)

    full = logits(tmp_path / "model.onnx")

    def noise(keep: list[str]) -> float:
        _, made = run_worker("onnx/quantize.py", inputs, {"batch": 1, "keep_float": keep})
        small = logits(made / "model.onnx")
        return float(np.median(10 * np.log10((full**2).sum(axis=1) / ((small - full) ** 2).sum(axis=1))))

    assert noise([]) < 5
    assert noise(["second"]) > 20
