"""Operators that onnx2tf leaves with the channels first are turned, and compute the same."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from conftest import RunWorker
from tests.converters.tflite.onnx_models import converted_alike, model_of

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
    return model_of(nodes, [1, 3, 7, 9], ["y", "z"], constants)


def test_they_compute_the_same_with_the_channels_last(run_worker: RunWorker, tmp_path: Path) -> None:
    details = converted_alike(run_worker, dense(), tmp_path)
    assert details["turned"] >= 4
    # Only what leaves as a vector is turned back.
    assert details["layers"]["TRANSPOSE"] <= 2
