"""`unsqueeze` of a parameter: a parameter where that is certain, an operator where it is not."""

from dataclasses import replace

import numpy as np
import pytest

VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def model(nb_format):
    """feed -> x * unsqueeze(weight, [0, -1]) -> fetch."""
    operators = [
        nb_format.Operator("feed", {"X": ["feed"]}, {"Out": ["x"]}, {}),
        nb_format.Operator("unsqueeze2", {"X": ["weight"]}, {"Out": ["wide"]}, {"axes": [0, -1]}),
        nb_format.Operator("elementwise_mul", {"X": ["x"], "Y": ["wide"]}, {"Out": ["y"]}, {"axis": -1}),
        nb_format.Operator("fetch", {"X": ["y"]}, {"Out": ["fetch"]}, {}),
    ]
    return nb_format.NbModel("", operators, {}, {"weight": nb_format.Parameter("weight", VALUES, 64)})


def changed(model, index, **fields):
    operators = list(model.operators)
    operators[index] = replace(operators[index], **fields)
    return replace(model, operators=operators)


def test_the_result_is_a_parameter_of_the_same_values(offline, model):
    done = offline.with_offline_results(model)
    assert [operator.type for operator in done.operators] == ["feed", "elementwise_mul", "fetch"]
    assert list(done.parameters) == ["wide"]
    assert done.parameters["wide"].values.shape == (1, 2, 3, 1)
    np.testing.assert_array_equal(done.parameters["wide"].values.reshape(2, 3), VALUES)
    assert offline.with_offline_results(done) == done


def test_axes_are_put_in_one_after_the_other(offline, model):
    done = offline.with_offline_results(changed(model, 1, attributes={"axes": [-1, 0, 2]}))
    assert done.parameters["wide"].values.shape == (1, 2, 1, 3, 1)


def test_a_parameter_that_something_else_reads_stays(offline, model):
    done = offline.with_offline_results(changed(model, 2, inputs={"X": ["weight"], "Y": ["wide"]}))
    assert sorted(done.parameters) == ["weight", "wide"]


@pytest.mark.parametrize(
    ("index", "fields"),
    [
        (1, {"inputs": {"X": ["x"]}}),
        (1, {"inputs": {"X": ["weight"], "AxesTensor": ["x"]}}),
        (1, {"attributes": {}}),
        (1, {"type": "reshape2"}),
        (2, {"outputs": {"Out": ["wide"]}}),
    ],
)
def test_what_is_not_certain_stays_an_operator(offline, model, index, fields):
    doubtful = changed(model, index, **fields)
    assert offline.with_offline_results(doubtful) == doubtful
