"""What the rewrites for ARM make of operators, as expressions: both files of one program then read alike.

The rewrites themselves are `rewrites/exact_sigmoid.py` and its neighbours.
"""

from collections.abc import Mapping
from typing import Any

from activations import Activation
from nb_format import Operator

# x * sigmoid(x)
SILU = Activation("swish", {"beta": "1.0"})
# Operators in order: their type, for each slot the number of the operator that it reads (-1: the argument), attributes.
_Written = tuple[tuple[str, dict[str, int], dict[str, Any]], ...]
_SIGMOID: _Written = (
    ("exp", {"X": -1}, {}),
    ("reciprocal", {"X": 0}, {}),
    ("scale", {"X": 1}, {"scale": 1.0, "bias": 1.0}),
    ("reciprocal", {"X": 2}, {}),
)
_TANH: _Written = (
    ("exp", {"X": -1}, {}),
    ("elementwise_mul", {"X": 0, "Y": 0}, {"axis": -1}),
    ("scale", {"X": 1}, {"scale": 1.0, "bias": 1.0}),
    ("reciprocal", {"X": 2}, {}),
    ("scale", {"X": 3}, {"scale": -2.0, "bias": -0.5}),
)


def expression(activation: Activation) -> _Written:
    """The operators that `exact-sigmoid` writes an activation out in; none where it leaves it one operator."""
    return {"sigmoid": _SIGMOID, "tanh": _TANH}.get(activation.type, ())


class Softmaxes:
    """Finds a softmax along the last axis between two transpositions: it is one along the axis that was last there."""

    def __init__(self) -> None:
        self._turned: dict[str, tuple[str, list[int]]] = {}
        self._along_last: dict[str, tuple[str, list[int]]] = {}

    def along(
        self, operator: Operator, operands: Mapping[str, list[str]], result: str, rank: int
    ) -> tuple[str, int] | None:
        """What a softmax is of and along which axis, from the front, where this operator is the last part of one.

        `operands` are values by slot, `result` is the operator's value and `rank` the number of its dimensions. None
        where it counts as it is written, as it does with an axis of -1.
        """
        (source, *_) = operands.get("X", [""])
        if operator.type == "transpose2":
            order = list(operator.attributes.get("axis", []))
            self._turned[result] = (source, order)
            before, first = self._along_last.get(source, ("", []))
            back = sorted(order) == list(range(len(first))) and [order[place] for place in first] == sorted(order)
            return (before, first[-1]) if first and back else None
        if operator.type != "softmax":
            return None
        axis = operator.attributes.get("axis", -1)
        turned = self._turned.get(source)
        if turned is not None and axis in (-1, len(turned[1]) - 1):
            self._along_last[result] = turned
        if axis >= 0:
            return source, axis
        return (source, axis % rank) if axis < -1 and rank else None
