"""A program as layers, on one written by hand."""

from tests.converters.lite.tiny_program import add_op, add_tensor, build
from tests.converters.loading import load


def test_layers_parameters_and_ports():
    found = load("paddle", "program_graph").program_graph(build())
    assert found.inputs == ["x"]
    assert found.outputs == ["logits"]
    assert [layer.type for layer in found.layers] == [
        "conv2d", "elementwise_add", "swish", "pool2d", "flatten_contiguous_range", "matmul_v2", "elementwise_add",
    ]  # fmt: skip
    assert found.layers[0].inputs == ["x"]
    assert list(found.layers[0].parameters) == ["conv.w"]
    assert found.layers[0].attributes["strides"] == "[2, 2]"
    assert found.hidden == []


def test_a_variable_that_is_written_again_is_hidden_until_then():
    program = build()
    block = program.blocks[0]
    fetch = block.ops[-1]
    del block.ops[-1]
    add_tensor(block, "twice", [1, 5])
    add_op(block, "relu", {"X": "logits"}, {"Out": "twice"})
    add_op(block, "relu", {"X": "twice"}, {"Out": "twice"})
    block.ops.append(fetch)
    found = load("paddle", "program_graph").program_graph(program)
    assert found.hidden == ["twice@1"]
    assert [(layer.inputs, layer.outputs) for layer in found.layers[-2:]] == [
        (["logits"], ["twice@1"]),
        (["twice@1"], ["twice"]),
    ]
