"""What a program's output means, by the operators that it ends in."""

import pytest
from edgeworker.output_kind import Made, is_row, output_kind

LENGTH = "the program ends in a vector divided by its length"
HEAD = {"f": Made("conv2d", ["x"]), "y": Made("elementwise_add", ["f", "bias"])}


def kind(made, output="out"):
    return output_kind(output, {**HEAD, **made}.get)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({"out": Made("softmax", ["y"])}, ("probabilities", "the program ends in a softmax")),
        ({"out": Made("sigmoid", ["y"])}, ("sigmoid", "the program ends in a sigmoid")),
        (
            {"s": Made("sigmoid", ["y"]), "r": Made("reshape2", ["s"]), "out": Made("scale", ["r"], copies=True)},
            ("sigmoid", "the program ends in a sigmoid"),
        ),
        ({"s": Made("sigmoid", ["y"]), "out": Made("scale", ["s"])}, ("logits", "")),
        ({"out": Made("softmax", ["y"], by_class=False)}, ("logits", "")),
        ({"out": Made("elementwise_add", ["f", "b"])}, ("logits", "")),
        ({"out": Made("batch_norm", ["f"])}, ("features", "the program ends in batch_norm")),
        (
            {
                "n": Made("p_norm", ["f"]),
                "m": Made("elementwise_max", ["n", "eps"]),
                "out": Made("elementwise_div", ["f", "m"]),
            },
            ("features", LENGTH),
        ),
        (
            {
                "q": Made("square", ["f"]),
                "s": Made("reduce_sum", ["q"]),
                "r": Made("sqrt", ["s"]),
                "out": Made("elementwise_div", ["f", "r"]),
            },
            ("features", LENGTH),
        ),
        (
            {
                "q": Made("elementwise_mul", ["f", "f"]),
                "s": Made("reduce_sum", ["q"]),
                "r": Made("rsqrt", ["s"]),
                "out": Made("elementwise_mul", ["r", "f"]),
            },
            ("features", LENGTH),
        ),
        # A softmax written out: a sum that is no length.
        (
            {"e": Made("exp", ["y"]), "s": Made("reduce_sum", ["e"]), "out": Made("elementwise_div", ["e", "s"])},
            ("logits", ""),
        ),
        # Divided by the length of something else.
        ({"n": Made("p_norm", ["w"]), "out": Made("elementwise_div", ["f", "n"])}, ("logits", "")),
        ({"out": Made("elementwise_div", ["y", "constant"])}, ("logits", "")),
        # A normalised vector that is classified after: cosines.
        (
            {
                "n": Made("p_norm", ["f"]),
                "d": Made("elementwise_div", ["f", "n"]),
                "out": Made("matmul_v2", ["d", "w"]),
            },
            ("logits", ""),
        ),
    ],
)
def test_kinds(made, expected):
    assert kind(made) == expected


def test_an_input_that_is_handed_on():
    assert kind({"out": Made("reshape2", ["x"])}) == ("logits", "")


@pytest.mark.parametrize(
    ("shape", "row"),
    [((1, 7), True), ((-1, 1), True), ((4, 7, 1, 1), True), ((1, 7, 1, 2), False), ((7,), False), ((1, -1), False)],
)
def test_rows(shape, row):
    assert is_row(shape) is row
