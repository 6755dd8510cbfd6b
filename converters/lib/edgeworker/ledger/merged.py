"""What becomes of two convolutions in a row, the second of one pixel: tools merge them into one.

Each with its bias and its batch norm is `w * x + b`. The second, of one pixel, is a matrix over channels, so both are
one convolution with `w2 @ w1` and `w2 @ b1 + b2`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgeworker.ledger.folds import NORMS, argument, shown
from edgeworker.ledger.sources import ROUNDINGS, UNIT, Vector
from edgeworker.paddle_program import Op, attribute, ops


@dataclass(frozen=True)
class Affine:
    """A convolution with what follows it: its kernels `array` [out, in, kh, kw] times `factor` [out], and `bias` [out].

    The two latter in float64. `largest` bounds the terms that the bias is a sum of. `names` are the parameters in it,
    `weighing` those in the weight. `multiplied` says whether a number of the program is in it.
    """

    conv: Op
    array: np.ndarray
    factor: np.ndarray
    bias: np.ndarray
    largest: np.ndarray
    names: tuple[str, ...]
    weighing: tuple[str, ...]
    multiplied: bool = False

    @property
    def weight(self) -> np.ndarray:
        """The kernels, float64: made each time, since twice all parameters is too much to keep."""
        return self.array.astype(np.float64) * self.factor[:, None, None, None]

    def times(self, factor: float | np.ndarray, added: float) -> "Affine":
        """`factor`, one or [out], times it, and `added` to that."""
        return replace(
            self,
            factor=self.factor * factor,
            bias=self.bias * factor + added,
            largest=self.largest * np.abs(factor) + abs(added),
            multiplied=True,
        )


def merged(program: Any, parameters: Mapping[str, np.ndarray]) -> Iterator[Vector]:
    """The weight and the bias of every such pair.

    Bound: gamma_n of the sum of the terms' sizes, n the inner channels and the roundings of each (Higham §3.1).
    """
    makers = {name: op for op in ops(program) for slot in op.desc.outputs for name in slot.arguments}
    for name in list(makers):
        conv = behind(name, makers)
        if conv is None or not _plain(conv) or behind(argument(conv, "Input"), makers) is None:
            continue
        second = affine(name, makers, parameters)
        if second is None or second.array.shape[2:] != (1, 1):
            continue
        first = affine(argument(second.conv, "Input"), makers, parameters)
        if first is None or len(first.array) != second.array.shape[1] or (attribute(first.conv, "groups") or 1) != 1:
            continue
        names = (*first.names, *second.names)
        matrix, gamma = second.weight[:, :, 0, 0], (len(first.array) + 2 * ROUNDINGS) * UNIT
        inner = first.weight
        weight = np.tensordot(matrix, inner, 1)
        size = np.tensordot(np.abs(matrix), np.abs(inner), 1)
        yield Vector("two convolutions merged of", names, weight, size * gamma)
        size = np.abs(matrix) @ first.largest + second.largest
        yield Vector("two convolutions' bias of", names, matrix @ first.bias + second.bias, size * gamma)


def behind(name: str, makers: Mapping[str, Op]) -> Op | None:
    """The convolution that a variable comes from, through biases and batch norms alone."""
    while (op := makers.get(name)) is not None and op.desc.type in (*NORMS, "elementwise_add"):
        name = argument(op, "X")
    return op if op is not None and op.desc.type == "conv2d" else None


def affine(name: str, makers: Mapping[str, Op], parameters: Mapping[str, np.ndarray]) -> Affine | None:
    """The convolution behind the variable `name`, with a bias, a batch norm and numbers between; None without one."""
    op = makers.get(name)
    if op is None:
        return None
    if op.desc.type in ("conv2d", "depthwise_conv2d"):
        weight = argument(op, "Filter")
        if weight not in parameters:
            return None
        zeros = np.zeros(len(parameters[weight]))
        return Affine(op, parameters[weight], zeros + 1, zeros, zeros, (weight,), (weight,))
    if op.desc.type == "scale":
        before = affine(argument(op, "X"), makers, parameters)
        return None if before is None else before.times(*factor_and_summand(op))
    if op.desc.type == "elementwise_add":
        before, other = affine(argument(op, "X"), makers, parameters), shown(argument(op, "Y"), makers)
        if before is None or other not in parameters or parameters[other].size != len(before.bias):
            return None
        added = parameters[other].astype(np.float64).reshape(-1)
        bias, largest = before.bias + added, before.largest + np.abs(added)
        return replace(before, bias=bias, largest=largest, names=(*before.names, other))
    if op.desc.type in NORMS and name in results(op, "Y"):
        before = affine(argument(op, "X"), makers, parameters)
        stored = [argument(op, slot) for slot in ("Scale", "Bias", "Mean", "Variance")]
        if before is None or not all(one in parameters for one in stored):
            return None
        scale, bias, mean, variance = (parameters[one].astype(np.float64) for one in stored)
        factor = scale / np.sqrt(variance + float(np.float32(attribute(op, "epsilon") or 1e-5)))
        return replace(
            before,
            factor=before.factor * factor,
            bias=bias + (before.bias - mean) * factor,
            largest=np.abs(bias) + (before.largest + np.abs(mean)) * np.abs(factor),
            names=(*before.names, *stored),
            weighing=(*before.weighing, stored[0], stored[3]),
        )
    return None


def factor_and_summand(op: Op) -> tuple[float, float]:
    """What an operator `scale` multiplies by, and what it adds to that."""
    factor, added = (float(np.float32(attribute(op, name) or 0.0)) for name in ("scale", "bias"))
    return factor, added * factor if attribute(op, "bias_after_scale") is False else added


def _plain(conv: Op) -> bool:
    """Whether a convolution neither skips nor pads nor groups."""
    still = all(number == 1 for number in attribute(conv, "strides") or [1])
    return still and not any(attribute(conv, "paddings") or [0]) and (attribute(conv, "groups") or 1) == 1


def results(op: Op, slot: str) -> list[str]:
    """The variables in an output slot."""
    return [name for one in op.desc.outputs if one.parameter == slot for name in one.arguments]
