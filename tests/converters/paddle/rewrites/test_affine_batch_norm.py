"""Batch norms that were built without factors or summands."""

import numpy as np
import pytest
from edgeworker.paddle_graph import ProgramGraph, stored_names
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, inputs_of, noise


def program(*given: str) -> ProgramGraph:
    written = Written([1, 4, 2, 2])
    inputs = {"X": ["x"]}
    for parameter in ("Mean", "Variance", *given):
        written.parameter(parameter.lower(), noise(4))
        inputs[parameter] = [parameter.lower()]
    written.then("batch_norm", inputs, "y", [1, 4, 2, 2], slot="Y", epsilon=1e-5)
    return written.fetch("y")


@pytest.mark.parametrize("given", [(), ("Scale",), ("Bias",)])
def test_what_is_missing_becomes_ones_and_zeros(rewrites, given):
    graph = program(*given)
    assert apply_rewrites(graph, [rewrites.AffineBatchNorm()])[0]["applied"] == 1
    graph.drop_unused()
    for parameter, number in (("Scale", 1), ("Bias", 0)):
        (names,) = inputs_of(graph, "batch_norm", parameter)
        assert names is not None
        (name,) = names
        expected = noise(4) if parameter in given else np.full(4, number, np.float32)
        np.testing.assert_array_equal(graph.stored(name), expected)
        assert name in stored_names(graph.program)
    assert apply_rewrites(graph, [rewrites.AffineBatchNorm()])[0]["applied"] == 0


def test_a_whole_one_stays(rewrites):
    graph = program("Scale", "Bias")
    assert apply_rewrites(graph, [rewrites.AffineBatchNorm()])[0] == {
        "name": "affine-batch-norm",
        "applied": 0,
        "refused": [],
    }
    assert not graph.changed_parameters
