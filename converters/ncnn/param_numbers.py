"""The floating-point numbers that stand in ncnn's `.param` itself: a factor, a slope, what a layer normalisation adds.

pnnx folds a parameter of one value into the layer that reads it (BinaryOp's `b`), and the activation behind a
convolution into its activation parameters.
"""

from collections.abc import Iterator

from edgeworker.refusal import Refusal
from param_file import Layer
from param_names import described

_MARKS = ".eE"
"""By these, ncnn's own reader tells a floating-point number from an integer (vstr_is_float in src/paramdict.cpp)."""


def numbers(layer: Layer) -> Iterator[tuple[str, list[float]]]:
    """Each parameter of a layer that holds such numbers: its name and their values.

    An array is written as `-23310=2,0.0,6.0`: how many, then each. Raises Refusal (input) for what is no number.
    """
    for name, text in described(layer).items():
        count, *values = text.split(",")
        written = values or [count]
        if any(mark in one for one in written for mark in _MARKS):
            try:
                yield name, [float(one) for one in written]
            except ValueError as error:
                raise Refusal(f"{layer.name} has a parameter that is no number: {name}={text}", kind="input") from error
