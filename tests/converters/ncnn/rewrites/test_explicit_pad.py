import numpy as np
import pytest
from onnx import helper

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("explicit-pad", onnx_graph, rewrites)


AMOUNTS = [0, 0, 1, 2, 0, 0, 0, 1]


def padded(value=None, opset=13, **attributes):
    build = Builder(opset=opset)
    inputs = [build.input("x", 1, 2, 3, 4)]
    if opset >= 11:
        inputs.append(build.constant(np.array(AMOUNTS)))
        inputs += [] if value is None else [build.constant(np.array(value, np.float32))]
    else:
        attributes["pads"] = AMOUNTS
    return build.model(build.op("Pad", *inputs, **attributes))


@pytest.mark.parametrize("value", [None, 1.5])
def test_the_mode_is_written_out(rewrite, value):
    model = padded(value)
    rewrite.keeps_values(model)
    (node,) = model.graph.node
    assert {attr.name: helper.get_attribute_value(attr) for attr in node.attribute} == {"mode": b"constant"}


def test_in_old_opsets_too(rewrite):
    rewrite.keeps_values(padded(opset=10))


@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_a_mode_that_is_there_is_left_alone(rewrite, mode):
    rewrite.leaves(padded(mode=mode))


def test_amounts_that_are_computed_are_refused(rewrite):
    build = Builder()
    x = build.input("x", 4, 4)
    shape = build.op("Shape", x)
    model = build.model(build.op("Pad", x, build.op("Concat", shape, shape, axis=0)))
    assert rewrite.refuses(model) == "Pad n2: how much it pads is computed"
