"""What becomes of a convolution that is multiplied by numbers: tools put them into the weights.

With what lies between (a bias, a batch norm) it is `w * x + b`, and times k it is `k * w * x + k * b`. A relu may lie
between too where k is positive, and a batch norm may follow. A hard sigmoid is such a number and a summand, cut off.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edgeworker.ledger.folds import NORMS, argument, shown
from edgeworker.ledger.merged import Affine, affine, factor_and_summand, results
from edgeworker.ledger.sources import GAMMA, Scaled, Source, Vector
from edgeworker.paddle_program import Op, attribute, ops, variable

# f(k * x) = k * f(x) for a positive k.
HOMOGENEOUS = ("relu", "leaky_relu")
# Factor and summand, where the operator does not say them (Paddle 2.6, paddle/phi/api/yaml/op_compat.yaml).
HARD_SIGMOID = {"slope": 0.2, "offset": 0.5}
_IMAGE_RANK = 4


def scales(program: Any, parameters: Mapping[str, np.ndarray]) -> Iterator[Source]:
    """The weight and the bias of every such convolution.

    Bound: gamma_n of the sum of the terms' sizes (Higham §3.1).
    """
    makers = {name: op for op in ops(program) for slot in op.desc.outputs for name in slot.arguments}
    for op in ops(program, {"scale", "hard_sigmoid", "elementwise_mul", *NORMS}):
        conv = _multiplied(op, makers, parameters)
        if conv is None or not conv.multiplied:
            continue
        yield Scaled("multiplied by numbers", conv.weighing, conv.array, conv.factor, 0)
        yield Vector("bias multiplied by numbers", conv.names, conv.bias, conv.largest * GAMMA)


def _multiplied(op: Op, makers: Mapping[str, Op], parameters: Mapping[str, np.ndarray]) -> Affine | None:
    """The convolution before `op`, with `op` in it."""
    if op.desc.type in NORMS:
        return next((affine(name, makers, parameters) for name in results(op, "Y")), None)
    if op.desc.type == "hard_sigmoid":
        written = {name: attribute(op, name) for name in HARD_SIGMOID}
        factor, added = (
            float(np.float32(default if written[name] is None else written[name]))
            for name, default in HARD_SIGMOID.items()
        )
    elif op.desc.type == "elementwise_mul":
        return _trained(op, makers, parameters)
    else:
        factor, added = factor_and_summand(op)
    conv = _before(argument(op, "X"), factor, added, makers, parameters)
    return None if conv is None else conv.times(factor, added)


def _trained(op: Op, makers: Mapping[str, Op], parameters: Mapping[str, np.ndarray]) -> Affine | None:
    """The convolution that a product with trained numbers multiplies.

    One number, as PP-HGNetV2's learnable affine blocks have it, or one of each channel: MobileNetV4's layer scales.
    """
    for number, name in (("X", "Y"), ("Y", "X")):
        if (trained := shown(argument(op, number), makers)) not in parameters:
            continue
        factor = parameters[trained].astype(np.float64).reshape(-1)
        conv = _before(argument(op, name), factor, 0.0, makers, parameters)
        if conv is None or not (len(factor) == 1 or _by_channel(op, number, len(conv.bias), parameters)):
            return None
        made = conv.times(factor, 0.0)
        return replace(made, names=(*conv.names, trained), weighing=(*conv.weighing, trained))
    return None


def _by_channel(op: Op, slot: str, channels: int, parameters: Mapping[str, np.ndarray]) -> bool:
    """Whether what is in a slot of a product with an image [N, C, H, W] is a number of each of its channels."""
    name = argument(op, slot)
    found = variable(op.block, name)
    shape = list(parameters[name].shape if name in parameters else found.type.lod_tensor.tensor.dims if found else [])
    axis = attribute(op, "axis")
    before = _IMAGE_RANK - len(shape) if axis is None or axis < 0 else axis
    laid = [1] * before + shape
    return [max(extent, 1) for extent in laid + [1] * (_IMAGE_RANK - len(laid))] == [1, channels, 1, 1]


def _before(
    name: str, factor: float | np.ndarray, added: float, makers: Mapping[str, Op], parameters: Mapping[str, np.ndarray]
) -> Affine | None:
    """The convolution that makes a variable, through functions that let the factor pass."""
    passes = bool(np.all(np.asarray(factor) > 0)) and not added
    while passes and (before := makers.get(name)) is not None and before.desc.type in HOMOGENEOUS:
        name = argument(before, "X")
    return affine(name, makers, parameters)
