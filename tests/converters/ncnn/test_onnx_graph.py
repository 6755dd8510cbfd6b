import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.pool_graphs import checked_model


@pytest.fixture
def graph(onnx_graph):
    """x -> Relu -> a -> (Add a, a -> b), (Mul a, weights -> c): `b` and `c` are the outputs."""
    build = Builder()
    a = build.op("Relu", build.input("x", 1, 4))
    model = build.model(build.op("Add", a, a), build.op("Mul", a, build.weights(4)))
    return onnx_graph.OnnxGraph(model)


def names(graph):
    return [node.output[0] for node in graph.model.graph.node]


def test_who_writes_and_reads(graph):
    relu, add, multiply = graph.model.graph.node
    assert graph.producer("v0") is relu
    assert graph.producer("x") is None
    assert graph.readers("v0") == [add, multiply]
    assert graph.readers("v1") == []
    assert graph.is_output("v1")
    assert not graph.is_output("v0")
    assert graph.precedes(relu, multiply)
    assert not graph.precedes(multiply, add)
    assert graph.constant("c0").shape == (4,)
    assert graph.constant("v0") is None


def test_another_input(graph):
    relu, add, multiply = graph.model.graph.node
    graph.connect(add, 0, "x")
    assert graph.readers("x") == [relu, add]
    assert graph.readers("v0") == [add, multiply]  # its second input still
    graph.connect(add, 1, "x")
    assert graph.readers("x") == [relu, add]
    assert graph.readers("v0") == [multiply]


def test_a_node_in_between(graph):
    relu, add, _ = graph.model.graph.node
    graph.rename_output(relu, 0, "r", [1, 4])
    added = graph.add("Neg", ["r"], "v0", [1, 4], relu, after=True)
    assert names(graph) == ["r", "v0", "v1", "v2"]
    assert graph.producer(added) is graph.model.graph.node[1]
    assert graph.readers("r") == [graph.model.graph.node[1]]
    assert graph.producer("r") is relu
    assert graph.readers("v0")[0] is add
    assert graph.fresh_name("r") == "r_1"


def test_only_what_is_read_stays(graph):
    relu, add, multiply = graph.model.graph.node
    graph.add("Neg", ["v0"], "unread", [1, 4], multiply)
    graph.add("Exp", ["unread"], "unread too", [1, 4], multiply)
    graph.connect(multiply, 1, "x")
    graph.prune()
    assert names(graph) == ["v0", "v1", "v2"]
    assert list(graph.model.graph.initializer) == []
    assert graph.constant("c0") is None
    assert graph.readers("v0") == [add, multiply]
    assert graph.readers("x") == [relu, multiply]


def test_what_an_inner_graph_reads_stays(onnx_graph):
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [4])  # noqa: E731
    yes = helper.make_graph([helper.make_node("Neg", ["a"], ["y"])], "yes", [], [value("y")])
    no = helper.make_graph([helper.make_node("Mul", ["a", "w"], ["n"])], "no", [], [value("n")])
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("If", ["which"], ["out"], then_branch=yes, else_branch=no),
    ]
    constants = {"which": np.array(True), "w": np.ones(4, np.float32), "unused": np.ones(4, np.float32)}
    graph = onnx_graph.OnnxGraph(checked_model(nodes, {"x": [4]}, ["out"], constants))
    graph.prune()
    assert [node.op_type for node in graph.model.graph.node] == ["Relu", "If"]
    assert [tensor.name for tensor in graph.model.graph.initializer] == ["which", "w"]


def test_ranks_are_known_where_sizes_are_open(onnx_graph):
    build = Builder()
    model = build.model(build.op("Relu", build.input("x", 1, "height", 4)))
    graph = onnx_graph.OnnxGraph(model)
    assert (graph.shape("v0"), graph.rank("v0")) == (None, 3)
    assert graph.rank("nothing") is None
