"""What depends on constants alone becomes one; what depends on the picture, or is written twice, does not."""

import numpy as np
import pytest
from edgeworker.paddle_graph import Longs
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, inputs_of, kinds, noise, run, undeclared


def fold(rewrites, graph):
    (report,) = apply_rewrites(graph, [rewrites.FoldConstants()])
    graph.drop_unused()
    return report["applied"]


def test_a_mask_that_is_written_into_becomes_a_parameter(rewrites):
    """As Swin builds its own: zeros, with numbers set into parts."""
    written = Written([1, 4, 4])
    shape = [1, 4, 4]
    written.then("fill_constant", {}, "zeros", shape, shape=Longs(shape), dtype=5, value=0.0)
    bounds = {"axes": Longs([1, 2]), "steps": Longs([1, 1]), "decrease_axes": Longs(), "none_axes": Longs(), "dtype": 5}
    written.then(
        "set_value", {"Input": ["zeros"]}, "mask", shape, starts=Longs([0, -2]), ends=Longs([-2, 4]),
        fp32_values=[3.0], shape=Longs([1]), **bounds,
    )  # fmt: skip
    written.then("elementwise_add", {"X": ["x"], "Y": ["mask"]}, "y", shape, axis=-1)
    graph, x = written.fetch("y"), noise(1, 4, 4)
    (before,) = run(graph, x)
    assert fold(rewrites, graph) == 1
    assert kinds(graph) == ["elementwise_add"]
    np.testing.assert_array_equal(run(graph, x)[0], before)
    np.testing.assert_array_equal(graph.stored("mask")[0, :, 2:], [[3, 3], [3, 3], [0, 0], [0, 0]])
    assert [variable.name for variable in graph.block.vars if variable.persistable] == ["mask"]
    assert not undeclared(graph)


def test_what_follows_from_parameters_is_stored_in_their_place(rewrites):
    written = Written([1, 3])
    written.parameter("table", noise(5, 3))
    written.then("slice", {"Input": ["table"]}, "row", [1, 3], axes=[0], starts=[2], ends=[3], decrease_axis=[])
    written.then("scale", {"X": ["row"]}, "scaled", [1, 3], scale=2.0, bias=1.0, bias_after_scale=True)
    written.then("elementwise_mul", {"X": ["x"], "Y": ["scaled"]}, "y", [1, 3], axis=-1)
    graph, x = written.fetch("y"), noise(1, 3, seed=9)
    (before,) = run(graph, x)
    assert fold(rewrites, graph) == 1
    assert kinds(graph) == ["elementwise_mul"]
    np.testing.assert_array_equal(run(graph, x)[0], before)
    assert graph.changed_parameters["table"] is None
    assert not [variable for variable in graph.block.vars if variable.name == "table"]


def test_one_number_stays_an_operator(rewrites):
    written = Written([1, 4])
    written.then("fill_constant", {}, "half", [1], shape=Longs([1]), dtype=5, value=0.5)
    written.then("scale", {"X": ["half"]}, "three", [1], scale=4.0, bias=1.0, bias_after_scale=True)
    written.then("elementwise_mul", {"X": ["x"], "Y": ["three"]}, "y", [1, 4], axis=-1)
    graph = written.fetch("y")
    assert fold(rewrites, graph) == 1
    assert kinds(graph) == ["fill_constant", "elementwise_mul"]
    np.testing.assert_array_equal(run(graph, np.ones((1, 4), np.float32))[0], np.full((1, 4), 3.0))


def test_integers_that_follow_from_constants_stay_where_tools_look_for_them(rewrites):
    written = Written([1, 4])
    for name, numbers in (("order", [3, 2, 1, 0]), ("ones", [1, 1, 1, 0])):
        written.variable(name, [4], np.dtype(np.int32))
        written.add("assign_value", {}, {"Out": [name]}, shape=[4], dtype=2, int32_values=numbers)
    written.variable("less", [4], np.dtype(np.int32))
    written.add("elementwise_sub", {"X": ["order"], "Y": ["ones"]}, {"Out": ["less"]}, axis=-1)
    written.then("gather", {"X": ["x"], "Index": ["less"]}, "y", [1, 4], axis=1)
    graph, x = written.fetch("y"), noise(1, 4)
    assert fold(rewrites, graph) == 1
    assert kinds(graph) == ["assign_value", "gather"]
    assert inputs_of(graph, "gather", "Index") == [["less"]]
    np.testing.assert_array_equal(run(graph, x)[0], x[:, [2, 1, 0, 0]])


@pytest.mark.parametrize("twice", [False, True])
def test_what_is_written_twice_is_no_constant(rewrites, twice):
    written = Written([1, 3])
    written.then("fill_constant", {}, "two", [1], shape=Longs([1]), dtype=5, value=2.0)
    written.then("scale", {"X": ["two"]}, "five", [1], scale=2.0, bias=1.0, bias_after_scale=True)
    if twice:
        written.add("scale", {"X": ["x"]}, {"Out": ["two"]}, scale=1.0, bias=0.0, bias_after_scale=True)
    written.then("elementwise_mul", {"X": ["x"], "Y": ["five"]}, "y", [1, 3], axis=-1)
    assert fold(rewrites, written.fetch("y")) == (0 if twice else 1)


def test_a_parameter_in_another_shape_is_left_alone(rewrites):
    """Every tool takes a bias as [1, C, 1, 1]; storing it again would gain nothing."""
    written = Written([1, 3, 2, 2])
    written.parameter("bias", noise(3))
    written.then("reshape2", {"X": ["bias"]}, "wide", [1, 3, 1, 1], shape=[1, 3, 1, 1])
    written.then("elementwise_add", {"X": ["x"], "Y": ["wide"]}, "y", [1, 3, 2, 2], axis=-1)
    graph = written.fetch("y")
    before = graph.settled().SerializeToString()
    assert fold(rewrites, graph) == 0
    assert graph.settled().SerializeToString() == before
