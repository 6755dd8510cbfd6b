from edgekit.diagnose.graph import graph_of
from tests.diagnose.made_up import graph

MADE = graph("conv: x -> a\nleft: a -> b\nright: a -> c\nadd: b c -> d\nfc: d -> logits")


def test_inputs_outputs_and_tensors_in_order():
    assert MADE.inputs == ("x",)
    assert MADE.outputs == ("logits",)
    assert MADE.tensors == ["x", "a", "b", "c", "d", "logits"]


def test_ancestors_count_the_maker_and_stop_at_the_input():
    assert MADE.ancestors(["b"]) == {0, 1}
    assert MADE.ancestors(["d"]) == {0, 1, 2, 3}
    assert MADE.ancestors(["x"]) == set()


def test_descendants_are_the_readers_and_theirs():
    assert MADE.descendants(["c"]) == {3, 4}
    assert MADE.descendants(["x"]) == {0, 1, 2, 3, 4}
    assert MADE.descendants(["logits"]) == set()


def test_what_a_worker_tells_becomes_a_graph():
    layer = {"name": "conv", "type": "Conv", "inputs": ["x"], "outputs": ["y"], "attributes": {"pads": "[1]"}}
    found = graph_of({"graph": {"inputs": ["x"], "outputs": ["y"], "layers": [layer], "hidden": []}})
    assert found.layers[0].attributes == {"pads": "[1]"}
    assert found.maker == {"y": 0}
