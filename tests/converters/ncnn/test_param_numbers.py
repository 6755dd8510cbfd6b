"""The floating-point numbers of a `.param`: what ncnn itself reads as one, by name where the name is known."""

import pytest
from edgeworker.refusal import Refusal

from tests.converters.loading import load


def numbers_of(kind: str, parameters: dict[str, str]) -> dict[str, list[float]]:
    layer = load("ncnn", "param_file").Layer(kind, "one", ["a"], ["b"], parameters)
    return dict(load("ncnn", "param_numbers").numbers(layer))


def test_a_factor_is_a_number_and_an_operation_is_none() -> None:
    found = numbers_of("BinaryOp", {"0": "2", "1": "1", "2": "-3.80920395e-2"})
    assert found == {"b": [-0.0380920395]}


def test_the_parameters_of_an_activation_are_an_array() -> None:
    parameters = {"0": "8", "5": "1", "9": "3", "-23310": "2,0.0,6.0"}
    assert numbers_of("Convolution", parameters) == {"-23310": [0.0, 6.0]}


def test_integers_alone_are_structure() -> None:
    assert numbers_of("Reshape", {"0": "7", "-23301": "2,3,4"}) == {}


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(Refusal, match=r"one has a parameter that is no number: b=1\.x"):
        numbers_of("BinaryOp", {"2": "1.x"})
