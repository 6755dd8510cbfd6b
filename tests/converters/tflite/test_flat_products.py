"""The rewrite of products of more than four dimensions."""

import numpy as np
import onnx
import pytest
from edgeworker.rewrite import apply_rewrites
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tests.converters.loading import load, load_rewrites

ShapedGraph = load("tflite", "shaped_graph").ShapedGraph
REWRITE = next(one for one in load_rewrites("tflite").REWRITES if one.name == "flat-products")


def product(shape: list[int], weight: tuple[int, ...] = (4, 5), *, stored: bool = True) -> onnx.ModelProto:
    """x of `shape` times w."""
    values = np.random.default_rng(0).standard_normal(weight).astype(np.float32)
    result = [*shape[:-1], weight[-1]]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    if not stored:
        inputs.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, list(weight)))
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
        "product",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, result)],
        [numpy_helper.from_array(values, "w")] if stored else [],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_it_fires_computes_the_same_and_fires_once() -> None:
    model = product([1, 2, 3, 2, 3, 4])
    before = onnx.ModelProto.FromString(model.SerializeToString())
    (report,) = apply_rewrites(ShapedGraph(model), [REWRITE])
    assert (report["applied"], report["refused"]) == (1, [])
    assert kinds(model) == ["Reshape", "MatMul", "Reshape"]
    onnx.checker.check_model(model)
    x = np.random.default_rng(1).standard_normal((1, 2, 3, 2, 3, 4)).astype(np.float32)
    (expected,), (found,) = (list(ReferenceEvaluator(one).run(None, {"x": x})) for one in (before, model))
    assert np.shape(found) == (1, 2, 3, 2, 3, 5)
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-6)
    assert apply_rewrites(ShapedGraph(model), [REWRITE])[0]["applied"] == 0


@pytest.mark.parametrize(
    "model", [product([1, 2, 3, 4]), product([1, 2, 3, 2, 3, 4], stored=False), product([1, 2, 3, 1, 2, 4], (2, 4, 5))]
)
def test_it_leaves_what_litert_takes_and_what_is_no_matrix(model: onnx.ModelProto) -> None:
    assert list(REWRITE.matches(ShapedGraph(model))) == []
