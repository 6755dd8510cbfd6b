import numpy as np
import onnx
import pytest
from edgeworker.rewrite import apply_rewrites
from onnx import helper
from onnx.reference import ReferenceEvaluator

from tests.converters.ncnn.pool_graphs import ALL_POOLS, Pool, checked_model, pool_model, samples


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    """Rewrites a model in place; returns the report."""

    def apply(model):
        (chosen,) = [rewrite for rewrite in rewrites.REWRITES if rewrite.name == "explicit-pool-padding"]
        (report,) = apply_rewrites(onnx_graph.OnnxGraph(model), [chosen])
        return report

    return apply


def evaluate(model, x) -> list[np.ndarray]:
    """Every output, by ONNX's own reference implementation."""
    return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, {"x": x})]


def attribute(node, name):
    return next((helper.get_attribute_value(attr) for attr in node.attribute if attr.name == name), None)


@pytest.mark.parametrize("size", [6, 7, 8, 9])
def test_every_pool_keeps_its_values_and_shape(rewrite, size):
    model = pool_model(ALL_POOLS, size)
    assert rewrite(model) == {"name": "explicit-pool-padding", "applied": len(ALL_POOLS), "refused": []}
    onnx.checker.check_model(model, full_check=True)
    assert not [node for node in model.graph.node if attribute(node, "auto_pad")]
    x = samples(size)
    results = evaluate(model, x)
    for pool, result in zip(ALL_POOLS, results, strict=True):
        np.testing.assert_allclose(result, pool.expected(x), rtol=2e-6, err_msg=str(pool))


def test_no_padding_leaves_one_plain_pool(rewrite):
    """What a ResNet `_vd` has at 224 px: a window of 2, a stride of 2, an even size, and ceil_mode."""
    model = pool_model([Pool(2, 2, "SAME_UPPER", include=0, ceil_mode=1)], size=8)
    rewrite(model)
    _, pool = model.graph.node
    assert attribute(pool, "pads") == [0, 0, 0, 0]
    assert attribute(pool, "ceil_mode") is None
    assert attribute(pool, "count_include_pad") == 0


def test_equal_padding_stays_in_the_pool(rewrite):
    model = pool_model([Pool(3, 2, "SAME_LOWER", include=0)], size=7)
    rewrite(model)
    assert [node.op_type for node in model.graph.node] == ["Conv", "AveragePool"]
    assert attribute(model.graph.node[1], "pads") == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("pool", "operators"),
    [
        (Pool(2, 2, "SAME_UPPER", include=0), ["Conv", "Pad", "AveragePool", "Mul"]),
        (Pool(2, 2, "SAME_UPPER", include=1), ["Conv", "Pad", "AveragePool"]),
        (Pool(2, 2, "SAME_LOWER", include=None), ["Conv", "Pad", "MaxPool"]),
    ],
)
def test_unequal_padding_goes_outside(rewrite, pool, operators):
    model = pool_model([pool], size=7)
    rewrite(model)
    assert [node.op_type for node in model.graph.node] == operators
    assert attribute(model.graph.node[2], "pads") == [0, 0, 0, 0]


def test_height_and_width_are_padded_each_by_its_own(rewrite):
    pool = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[3, 2], strides=[2, 3], auto_pad="SAME_UPPER")
    model = checked_model([pool], {"x": [1, 2, 7, 7]}, ["y"], {})
    before = evaluate(model, samples(7, 2))[0]
    rewrite(model)
    after = evaluate(model, samples(7, 2))[0]
    assert before.shape == (1, 2, 4, 3)
    np.testing.assert_allclose(after, before, rtol=2e-6)


@pytest.mark.parametrize(("size", "stride", "pads"), [(7, 2, [1, 1, 1, 1]), (8, 2, [1, 1, 0, 0])])
def test_a_convolution_gets_its_pads(rewrite, size, stride, pads):
    kernel = np.random.default_rng(1).standard_normal((2, 2, 3, 3)).astype(np.float32)
    node = helper.make_node("Conv", ["x", "w"], ["y"], strides=[stride] * 2, auto_pad="SAME_LOWER")
    model = checked_model([node], {"x": [1, 2, size, size]}, ["y"], {"w": kernel})
    rewrite(model)
    assert attribute(model.graph.node[0], "pads") == pads
    assert attribute(model.graph.node[0], "auto_pad") is None


def refused(rewrite, model):
    before = model.SerializeToString()
    report = rewrite(model)
    assert report["applied"] == 0
    assert model.SerializeToString() == before
    (reason,) = report["refused"]
    return reason


def test_an_open_size_is_refused(rewrite):
    node = helper.make_node("MaxPool", ["x"], ["y"], name="m", kernel_shape=[2, 2], auto_pad="SAME_UPPER")
    model = checked_model([node], {"x": [1, 2, "height", 8]}, ["y"], {})
    assert refused(rewrite, model) == "MaxPool m: the shape of its input 'x' is unknown, and so is the padding"


def test_a_partial_last_window_without_padding_is_refused(rewrite):
    pool = Pool(2, 2, "VALID", include=0, ceil_mode=1)
    assert "last window" in refused(rewrite, pool_model([pool], size=7))
    # With nothing left over there is no doubt.
    assert rewrite(pool_model([pool], size=8))["applied"] == 1


def test_a_size_that_shape_inference_gets_wrong_is_refused(rewrite):
    """onnx 1.23 infers 5 windows where the definition says ceil(8 / 2)."""
    pool = Pool(1, 2, "SAME_UPPER", include=0, ceil_mode=1)
    assert "[4, 4] windows and shape inference says [5, 5]" in refused(rewrite, pool_model([pool], size=8))


def test_indices_over_padding_are_refused(rewrite):
    node = helper.make_node(
        "MaxPool", ["x"], ["y", "where"], kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER"
    )
    assert "indices" in refused(rewrite, checked_model([node], {"x": [1, 2, 7, 7]}, ["y"], {}))


def test_before_opset_11_unequal_padding_is_refused(rewrite):
    pool = Pool(2, 2, "SAME_UPPER", include=1)
    assert "opset 10" in refused(rewrite, pool_model([pool], size=7, opset=10))


def test_explicit_padding_is_left_alone(rewrite):
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1)
    model = checked_model([node], {"x": [1, 2, 7, 7]}, ["y"], {})
    before = model.SerializeToString()
    assert rewrite(model) == {"name": "explicit-pool-padding", "applied": 0, "refused": []}
    assert model.SerializeToString() == before
