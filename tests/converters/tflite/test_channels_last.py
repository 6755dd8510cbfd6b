"""Operators that onnx2tf leaves with the channels first are turned, and compute the same."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from safetensors.numpy import load_file, save_file

pytestmark = pytest.mark.toolchain

RANDOM = np.random.default_rng(0)


def dense() -> onnx.ModelProto:
    """Two layers of a DenseNet: each reads all that came before through a batch norm, and adds its channels.

    All of it also leaves as a vector: its channels must come first again there.
    """
    constants = {
        "w0": RANDOM.standard_normal((4, 3, 3, 3)),
        "w1": RANDOM.standard_normal((2, 4, 1, 1)),
        "w2": RANDOM.standard_normal((2, 6, 1, 1)),
        "v": RANDOM.standard_normal((8 * 5 * 7, 3)),
    }
    for number, channels in enumerate((4, 6, 8)):
        for part in ("scale", "bias", "mean"):
            constants[f"{part}{number}"] = RANDOM.standard_normal(channels)
        constants[f"variance{number}"] = RANDOM.uniform(0.5, 2, channels)

    def norm(number: int, read: str) -> list[onnx.NodeProto]:
        parts = [f"{part}{number}" for part in ("scale", "bias", "mean", "variance")]
        return [
            helper.make_node("BatchNormalization", [read, *parts], [f"n{number}"]),
            helper.make_node("Relu", [f"n{number}"], [f"r{number}"]),
        ]

    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["c0"], kernel_shape=[3, 3]),
        *norm(0, "c0"),
        helper.make_node("Conv", ["r0", "w1"], ["c1"], kernel_shape=[1, 1]),
        helper.make_node("Concat", ["c0", "c1"], ["j1"], axis=1),
        *norm(1, "j1"),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], kernel_shape=[1, 1]),
        helper.make_node("Concat", ["j1", "c2"], ["j2"], axis=1),
        *norm(2, "j2"),
        helper.make_node("GlobalAveragePool", ["r2"], ["g"]),
        helper.make_node("Flatten", ["g"], ["y"]),
        helper.make_node("Flatten", ["j2"], ["f"]),
        helper.make_node("MatMul", ["f", "v"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes,
        "dense",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 7, 9])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name, size in (("y", 8), ("z", 3))],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    # Of older ones ONNX's own evaluator takes a batch norm for one that is being trained.
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def test_they_compute_the_same_with_the_channels_last(run_worker, tmp_path: Path) -> None:
    model = dense()
    onnx.checker.check_model(model)
    onnx.save(model, tmp_path / "model.onnx")
    details, output = run_worker("tflite/convert.py", {"onnx": tmp_path / "model.onnx"}, {"rewrites": []})
    assert details["turned"] >= 4
    # Only what leaves as a vector is turned back.
    assert details["layers"]["TRANSPOSE"] <= 2
    x = RANDOM.standard_normal((1, 3, 7, 9)).astype(np.float32)
    save_file({"x": x}, tmp_path / "x.safetensors")
    inputs = {"model": output / "model.tflite", "tensors": tmp_path / "x.safetensors"}
    _, answer = run_worker("tflite/run.py", inputs, {})
    found = load_file(answer / "outputs.safetensors")
    for name, expected in zip(("y", "z"), ReferenceEvaluator(model).run(None, {"x": x}), strict=True):
        np.testing.assert_allclose(found[name], np.asarray(expected), rtol=1e-4, atol=1e-5, err_msg=name)
