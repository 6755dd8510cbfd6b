from typing import Any

import numpy as np
import pytest
from onnx import helper

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest, operators


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("explicit-split", onnx_graph, rewrites)


def split(sizes=None, *, count=3, axis=1, read=(0, 1, 2), opset=13, shape=(1, 6, 4)):
    """`x` in parts, of which those `read` are outputs."""
    build = Builder(opset=opset)
    attributes: dict[str, Any] = {} if sizes is None or opset >= 13 else {"split": list(sizes)}
    inputs = [build.input("x", *shape)]
    if sizes is not None and opset >= 13:
        inputs.append(build.constant(np.array(sizes, np.int64)))
    if sizes is None and opset >= 18:
        attributes["num_outputs"] = count
    build.op("Split", *inputs, outputs=count, axis=axis, **attributes)
    parts = list(build.nodes[-1].output)
    return build.model(*(build.op("Relu", parts[index]) for index in read))


@pytest.mark.parametrize("axis", [1, -2])
def test_equal_parts_get_their_sizes(rewrite, axis):
    model = split(axis=axis)
    rewrite.keeps_values(model)
    (sizes,) = [tensor for tensor in model.graph.initializer if tensor.name == model.graph.node[0].input[1]]
    assert np.frombuffer(sizes.raw_data, np.int64).tolist() == [2, 2, 2]


def test_sizes_are_an_attribute_in_old_opsets(rewrite):
    model = split(opset=11)
    rewrite.keeps_values(model)
    (node,) = [node for node in model.graph.node if node.op_type == "Split"]
    assert {attr.name: helper.get_attribute_value(attr) for attr in node.attribute} == {"axis": 1, "split": [2, 2, 2]}


def test_the_last_part_may_be_smaller(rewrite):
    """num_outputs, from opset 18 on, and seven in three parts."""
    rewrite.keeps_values(split(opset=18, shape=(1, 7, 4)))


@pytest.mark.parametrize("opset", [11, 13])
@pytest.mark.parametrize("sizes", [None, (1, 2, 3)])
@pytest.mark.parametrize("read", [(1,), (0, 2)])
def test_what_nothing_reads_is_not_cut_off(rewrite, opset, sizes, read):
    model = split(sizes, read=read, opset=opset)
    rewrite.keeps_values(model)
    assert operators(model) == ["Slice"] * len(read) + ["Relu"] * len(read)


@pytest.mark.parametrize("opset", [11, 13])
def test_one_that_says_it_all_is_left_alone(rewrite, opset):
    rewrite.leaves(split((1, 2, 3), opset=opset))


def test_an_open_dimension_is_refused(rewrite):
    assert rewrite.refuses(split(shape=(1, "n", 4))) == "Split n0: the shape of 'x' is not known"
