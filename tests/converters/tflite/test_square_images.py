"""Images with as many rows and columns as channels, which onnx2tf mistakes for others, and shapes it leaves open."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from edgeworker.rewrite import apply_rewrites
from onnx import helper

from conftest import RunWorker
from tests.converters.loading import load, load_rewrites
from tests.converters.tflite.onnx_models import computed, converted_alike, model_of

RANDOM = np.random.default_rng(0)
CHANNELS = SIDE = 8
ShapedGraph = load("tflite", "shaped_graph").ShapedGraph
REWRITE = next(one for one in load_rewrites("tflite").REWRITES if one.name == "batch-norm-factors")


def numbers(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape)


def model(nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], side: int = SIDE) -> onnx.ModelProto:
    """y of x, [1, 3, side, side], whose channels are made eight by a first convolution into c."""
    first = helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[1, 1])
    return model_of([first, *nodes], [1, 3, side, side], ["y"], {"w": numbers(CHANNELS, 3, 1, 1), **constants})


def normed(side: int = SIDE) -> onnx.ModelProto:
    """A batch norm that no convolution can take in."""
    parts = {"s": numbers(CHANNELS), "b": numbers(CHANNELS), "m": numbers(CHANNELS), "v": RANDOM.uniform(0.5, 2, 8)}
    return model(
        [
            helper.make_node("Relu", ["c"], ["r"]),
            helper.make_node("BatchNormalization", ["r", *parts], ["n"], epsilon=1e-3),
            helper.make_node("Flatten", ["n"], ["y"]),
        ],
        parts,
        side,
    )


def halved() -> onnx.ModelProto:
    """Half of the channels by a way of their own, and joined again, as in CSPDarkNet53."""
    half = CHANNELS // 2
    bounds = {"start": 0, "middle": half, "end": CHANNELS, "axis": 1}
    return model(
        [
            helper.make_node("LeakyRelu", ["c"], ["l"], alpha=0.1),
            helper.make_node("Slice", ["l", "start", "middle", "axis"], ["first"]),
            helper.make_node("Slice", ["l", "middle", "end", "axis"], ["second"]),
            helper.make_node("Conv", ["second", "w2"], ["d"], kernel_shape=[1, 1]),
            helper.make_node("LeakyRelu", ["d"], ["e"], alpha=0.1),
            helper.make_node("Concat", ["first", "e"], ["j"], axis=1),
            helper.make_node("Conv", ["j", "w3"], ["o"], kernel_shape=[1, 1]),
            helper.make_node("Flatten", ["o"], ["y"]),
        ],
        {
            "w2": numbers(half, half, 1, 1),
            "w3": numbers(5, CHANNELS, 1, 1),
            **{name: np.array([value], np.int64) for name, value in bounds.items()},
        },
    )


def split() -> onnx.ModelProto:
    """An image behind a Split, flattened."""
    return model(
        [
            helper.make_node("Split", ["c"], ["first", "second"], axis=1),
            helper.make_node("Relu", ["second"], ["r"]),
            helper.make_node("Concat", ["r", "first"], ["j"], axis=1),
            helper.make_node("Flatten", ["j"], ["y"]),
        ],
        {},
    )


@pytest.mark.toolchain
@pytest.mark.parametrize("made", [normed(), halved(), split()], ids=["batch norm", "halves", "split"])
def test_they_compute_the_same(made: onnx.ModelProto, run_worker: RunWorker, tmp_path: Path) -> None:
    converted_alike(run_worker, made, tmp_path, [REWRITE.name])


def test_a_batch_norm_becomes_its_factors_and_computes_the_same() -> None:
    made = normed()
    before = onnx.ModelProto.FromString(made.SerializeToString())
    (report,) = apply_rewrites(ShapedGraph(made), [REWRITE])
    assert (report["applied"], report["refused"]) == (1, [])
    assert [node.op_type for node in made.graph.node] == ["Conv", "Relu", "Mul", "Add", "Flatten"]
    onnx.checker.check_model(made)
    x = numbers(1, 3, SIDE, SIDE).astype(np.float32)
    np.testing.assert_allclose(computed(made, x)["y"], computed(before, x)["y"], rtol=1e-5, atol=1e-6)


def test_it_leaves_an_image_of_another_size() -> None:
    assert list(REWRITE.matches(ShapedGraph(normed(SIDE + 1)))) == []


def test_a_computed_parameter_is_refused() -> None:
    made = normed()
    made.graph.node.insert(1, helper.make_node("Exp", ["s"], ["t"]))
    norm = next(node for node in made.graph.node if node.op_type == "BatchNormalization")
    norm.input[1] = "t"
    (report,) = apply_rewrites(ShapedGraph(made), [REWRITE])
    assert report["applied"] == 0
    assert "a parameter is computed" in str(report["refused"])
