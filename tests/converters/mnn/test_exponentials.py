"""Where MNN's exponential is an estimate MixNet's recipe allows more, and nowhere else."""

import pytest

from edgekit.artifact.rules import Rules
from edgekit.recipe.load import recipe_for
from tests.converters.loading import load

mnn_file = load("mnn", "mnn_file")
exponentials = load("mnn", "exponentials")
UNARY = load("mnn", "mnn_schema").UNARY


def network(*operators):
    return mnn_file.MnnFile(list(operators), {}, [], {})


def operator(kind, name=""):
    parameters = {"opType": UNARY.index(name)} if name else {}
    return mnn_file.Operator("one", kind, ["x"], ["y"], kind, parameters)


@pytest.mark.parametrize(
    ("one", "machine", "said"),
    [
        (operator("UnaryOp", "silu"), "aarch64", "estimated"),
        (operator("UnaryOp", "sigmoid"), "armv7l", "estimated"),
        (operator("Softmax"), "aarch64", "estimated"),
        (operator("Softmax"), "x86_64", "exact"),
        (operator("UnaryOp", "gelu_standard"), "aarch64", "exact"),
        (operator("UnaryOp", "sqrt"), "aarch64", "exact"),
        (operator("Convolution"), "aarch64", "exact"),
    ],
)
def test_which_networks_are_computed_with_an_estimate(one, machine, said):
    assert exponentials.exponentials(network(operator("Pooling"), one), machine) == said


def test_more_is_allowed_there_and_nowhere_else():
    recipe = recipe_for("MixNet")
    rules = Rules(recipe.tolerance("fp32"), of_variants=recipe.variant_tolerances("mnn", "fp32"))
    assert rules.tolerance_of("", {"exponentials": "estimated"}).noise_factor == 80
    for found in ({"exponentials": "exact"}, {}):
        assert rules.tolerance_of("", found).noise_factor == 8
    for family in ("Twins", "ResNet"):
        assert not recipe_for(family).variant_tolerances("mnn", "fp32")
