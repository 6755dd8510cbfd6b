"""What onnx2tf loses between blocks of partial convolutions is made again, and computes what the ONNX model does."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from conftest import RunWorker
from tests.converters.tflite.onnx_models import converted_alike, model_of

pytestmark = pytest.mark.toolchain

RANDOM = np.random.default_rng(0)


def partial_convolutions() -> onnx.ModelProto:
    """FasterNet's blocks: a quarter of the channels is convolved, the rest joined to it, and the input is added."""
    constants: dict[str, np.ndarray] = {
        "stem": RANDOM.standard_normal((8, 3, 2, 2)),
        "end": RANDOM.standard_normal((4, 8, 2, 2)),
        "sizes": np.array([2, 6], np.int64),
    }
    nodes = [helper.make_node("Conv", ["x", "stem"], ["c0"], kernel_shape=[2, 2], strides=[2, 2])]
    for number in range(2):
        constants[f"part{number}"] = RANDOM.standard_normal((2, 2, 3, 3))
        constants[f"wide{number}"] = RANDOM.standard_normal((16, 8, 1, 1)) / 4
        constants[f"narrow{number}"] = RANDOM.standard_normal((8, 16, 1, 1)) / 4
        nodes += [
            helper.make_node("Split", [f"c{number}", "sizes"], [f"s{number}", f"t{number}"], axis=1),
            helper.make_node(
                "Conv", [f"s{number}", f"part{number}"], [f"p{number}"], kernel_shape=[3, 3], pads=[1] * 4
            ),
            helper.make_node("Concat", [f"p{number}", f"t{number}"], [f"j{number}"], axis=1),
            helper.make_node("Conv", [f"j{number}", f"wide{number}"], [f"w{number}"], kernel_shape=[1, 1]),
            helper.make_node("Relu", [f"w{number}"], [f"r{number}"]),
            helper.make_node("Conv", [f"r{number}", f"narrow{number}"], [f"n{number}"], kernel_shape=[1, 1]),
            helper.make_node("Add", [f"c{number}", f"n{number}"], [f"c{number + 1}"]),
        ]
    nodes += [
        helper.make_node("Conv", ["c2", "end"], ["e"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["e"], ["g"]),
        helper.make_node("Flatten", ["g"], ["y"]),
    ]
    return model_of(nodes, [1, 3, 16, 16], ["y"], constants)


def test_it_is_made_again(run_worker: RunWorker, tmp_path: Path) -> None:
    details = converted_alike(run_worker, partial_convolutions(), tmp_path)
    # Where onnx2tf loses nothing any more, this file of converters/tflite may go.
    assert details["restored"] == 1
