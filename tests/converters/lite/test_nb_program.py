"""Writing `.nb` files with another graph, read back by the project's own reader; the runtime's tests are elsewhere."""

import numpy as np
import pytest

from tests.converters.lite.tiny_program import parameters
from tests.converters.loading import load


@pytest.fixture(scope="module")
def nb_program():
    return load("lite", "nb_program")


@pytest.fixture
def content(tiny_files) -> bytes:
    return tiny_files["x86"].read_bytes()


def test_more_fetches_leave_everything_else(nb_program, nb_format, content):
    before = nb_format.parse_nb(content)
    inner = before.operators[1].outputs["Output"]
    after = nb_format.parse_nb(nb_program.with_fetches(content, [*inner, "logits"]))
    assert after.fetches() == ["logits", *inner]
    assert [op.attributes["col"] for op in after.operators if op.type == "fetch"] == [0, 1]
    assert after.operators[: len(before.operators)] == before.operators
    assert after.variables == before.variables
    assert after.opt_version == before.opt_version
    for name, value in parameters().items():
        np.testing.assert_array_equal(after.parameters[name].values, value)


def test_one_operator_with_its_parameters(nb_program, nb_format, content):
    convolution = nb_format.parse_nb(content).operators[1]
    (output,) = convolution.outputs["Output"]
    small = nb_format.parse_nb(nb_program.only(content, output, ["x"], [output]))
    assert [op.type for op in small.operators] == ["feed", "conv2d", "fetch"]
    assert small.operators[1] == convolution
    assert [feed.name for feed in small.feeds()] == ["x"]
    assert small.fetches() == [output]
    assert set(small.parameters) == {name for names in convolution.inputs.values() for name in names} - {"x"}
    np.testing.assert_array_equal(small.parameters["conv.w"].values, parameters()["conv.w"])


def test_an_operator_without_parameters(nb_program, nb_format, content):
    swish = next(op for op in nb_format.parse_nb(content).operators if op.type == "swish")
    (source,), (output,) = swish.inputs["X"], swish.outputs["Out"]
    small = nb_format.parse_nb(nb_program.only(content, output, [source], [output]))
    assert small.parameters == {}
    assert small.operators[1] == swish


def test_a_variable_that_nobody_writes_is_refused(nb_program, nb_format, content):
    with pytest.raises(nb_format.Damaged, match="no operator writes nothing"):
        nb_program.only(content, "nothing", ["x"], ["nothing"])


def test_the_graph_of_a_file(nb_format, tiny_files):
    made = load("lite", "nb_graph").nb_graph(nb_format.read_nb(tiny_files["x86"]))
    assert made.inputs == ["x"]
    assert made.outputs == ["logits"]
    assert made.layers[0].type == "conv2d"
    assert made.layers[0].inputs == ["x"]
    assert set(made.layers[0].parameters) >= {"conv.w"}
    assert made.layers[0].parameters["conv.w"].startswith("float32[4,3,3,3] ")
    assert made.layers[-1].outputs == ["logits"]
