"""Sigmoids in an exact form: what they compute, and where one is left as it is."""

import numpy as np
import pytest
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, kinds, noise, run, undeclared, wrong_shapes

SHAPE = [1, 3, 4, 4]
FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "swish": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
}


def program(kind: str, **attributes):
    written = Written(SHAPE)
    written.then(kind, {"X": ["x"]}, "y", SHAPE, **attributes)
    return written.fetch("y")


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("sigmoid", ["exp", "reciprocal", "scale", "reciprocal"]),
        ("swish", ["silu"]),
        ("tanh", ["exp", "elementwise_mul", "scale", "reciprocal", "scale"]),
    ],
)
def test_the_numbers_stay(rewrites, kind, made):
    graph, x = program(kind), 10 * noise(*SHAPE)
    (report,) = apply_rewrites(graph, [rewrites.ExactSigmoid()])
    assert report == {"name": "exact-sigmoid", "applied": 1, "refused": []}
    assert kinds(graph) == made
    np.testing.assert_allclose(run(graph, x)[0], FORMULAS[kind](x.astype(np.float64)), rtol=1e-6, atol=2e-7)
    assert not wrong_shapes(graph, x)
    assert not undeclared(graph)
    assert apply_rewrites(graph, [rewrites.ExactSigmoid()])[0]["applied"] == 0


@pytest.mark.parametrize("kind", ["sigmoid", "tanh"])
def test_large_values_become_the_limits_and_not_nan(rewrites, kind):
    """exp gives infinity and 0 there, and 1 / 0 is infinity."""
    graph, x = program(kind), np.full(SHAPE, 200.0, np.float32)
    x[0, 0] = -200.0
    apply_rewrites(graph, [rewrites.ExactSigmoid()])
    with np.errstate(over="ignore", divide="ignore"):
        (found,) = run(graph, x)
    assert (found[0, 0] == (0 if kind == "sigmoid" else -1)).all()
    assert (found[0, 1:] == 1).all()


def test_small_probabilities_keep_their_digits(rewrites):
    """1 - 1 / (1 + exp(x)) would have two of them at x = -12."""
    graph, x = program("sigmoid"), np.full(SHAPE, -12.0, np.float32)
    apply_rewrites(graph, [rewrites.ExactSigmoid()])
    np.testing.assert_allclose(run(graph, x)[0], 1 / (1 + np.exp(12.0)), rtol=3e-7)


@pytest.mark.parametrize("operands", [("x", "gate"), ("gate", "x")])
def test_a_sigmoid_times_its_own_argument_is_one_operator(rewrites, operands):
    written = Written(SHAPE)
    written.then("sigmoid", {"X": ["x"]}, "gate", SHAPE)
    written.then("elementwise_mul", {"X": [operands[0]], "Y": [operands[1]]}, "y", SHAPE, axis=-1)
    graph, x = written.fetch("y"), noise(*SHAPE)
    apply_rewrites(graph, [rewrites.ExactSigmoid()])
    assert kinds(graph) == ["silu"]
    np.testing.assert_allclose(run(graph, x)[0], FORMULAS["swish"](x.astype(np.float64)), rtol=1e-6, atol=1e-7)


def test_a_sigmoid_that_others_read_too_is_written_out(rewrites):
    written = Written(SHAPE)
    written.then("sigmoid", {"X": ["x"]}, "gate", SHAPE)
    written.then("elementwise_mul", {"X": ["x"], "Y": ["gate"]}, "y", SHAPE, axis=-1)
    graph = written.fetch("y", "gate")
    apply_rewrites(graph, [rewrites.ExactSigmoid()])
    assert kinds(graph) == ["exp", "reciprocal", "scale", "reciprocal", "elementwise_mul"]


def test_a_gate_of_another_value_is_written_out(rewrites):
    written = Written(SHAPE)
    written.then("relu", {"X": ["x"]}, "r", SHAPE)
    written.then("sigmoid", {"X": ["r"]}, "gate", SHAPE)
    written.then("elementwise_mul", {"X": ["x"], "Y": ["gate"]}, "y", SHAPE, axis=-1)
    graph = written.fetch("y")
    apply_rewrites(graph, [rewrites.ExactSigmoid()])
    assert kinds(graph)[1:] == ["exp", "reciprocal", "scale", "reciprocal", "elementwise_mul"]


def test_another_beta_is_a_reason_to_refuse(rewrites):
    graph = program("swish", beta=1.5)
    (report,) = apply_rewrites(graph, [rewrites.ExactSigmoid()])
    assert report["refused"] == ["swish (block 0, op 1 -> y) has a beta of its own, 1.5"]
    assert kinds(graph) == ["swish"]


def test_no_other_scale_can_be_joined_with_those_that_are_made(rewrites):
    """`opt` joins two `scale` whose bias comes last, and works one into a convolution before it."""
    for kind in ("sigmoid", "tanh"):
        graph = program(kind)
        apply_rewrites(graph, [rewrites.ExactSigmoid()])
        made = graph.ops({"scale"})
        assert made
        for op in made:
            (late,) = [one.b for one in op.desc.attrs if one.name == "bias_after_scale"]
            assert late is False
        assert kinds(graph)[0] != "scale"
