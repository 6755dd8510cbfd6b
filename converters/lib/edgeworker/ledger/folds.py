"""What converters make of a batch norm and of what stands before it: every tensor that may come out, by its formula.

A batch norm computes `a * x + b` by channel, with `a = scale / sqrt(variance + epsilon)` and `b = bias - mean * a`.
Behind a convolution or a matrix product its `a` goes into the weight, `w * a`, and the rest into the bias,
`b + a * bias_before`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from edgeworker.ledger.side_by_side import side_by_side
from edgeworker.ledger.sources import GAMMA, Copied, Scaled, Source, Vector
from edgeworker.paddle_program import Op, attribute, ops

NORMS = ("batch_norm", "sync_batch_norm")
# The operator's weight, the slot it is in, and the axis of its output channels.
WEIGHTS = {
    "conv2d": ("Filter", 0),
    "depthwise_conv2d": ("Filter", 0),
    "matmul_v2": ("Y", 1),
    "matmul": ("Y", 1),
    "mul": ("Y", 1),
    "fc": ("W", 1),
}
# What leaves the channels alone between a product and its batch norm.
PASSING = ("elementwise_add", "assign", "scale", "reshape2", "flatten_contiguous_range", "transpose2", "squeeze2",
           "unsqueeze2")  # fmt: skip
# The same values in another shape.
VIEWS = ("reshape2", "unsqueeze2", "squeeze2", "flatten_contiguous_range", "assign")


def folds(program: Any, parameters: Mapping[str, np.ndarray]) -> Iterator[Source]:
    """Every tensor that a batch norm of the program, with what stands before it, may become."""
    makers = {name: op for op in ops(program) for slot in op.desc.outputs for name in slot.arguments}
    beside = side_by_side(program, parameters)
    yield from (Copied("side by side of", one.names, one.kernels) for each in beside.values() for one in each)
    for norm in ops(program, set(NORMS)):
        stored = {slot: argument(norm, slot) for slot in ("Scale", "Bias", "Mean", "Variance")}
        if not all(name in parameters for name in stored.values()):
            continue
        scale, bias, mean, variance = (parameters[name].astype(np.float64) for name in stored.values())
        epsilon = float(np.float32(attribute(norm, "epsilon") or 1e-5))
        factor = scale / np.sqrt(variance + epsilon)
        # Which parameters each accounts for: a weight says nothing of the mean, so a lost bias leaves that unused.
        scaling, shifting = (stored["Scale"], stored["Variance"]), (stored["Bias"], stored["Mean"])
        yield Vector("batch norm's factor", scaling, factor, np.abs(factor) * GAMMA)
        shift = bias - mean * factor
        yield Vector("batch norm's shift", shifting, shift, (np.abs(bias) + np.abs(mean * factor)) * GAMMA)
        for one in beside.get(argument(norm, "X"), []):
            if len(one.kernels) == len(factor):
                yield Scaled("batch norm folded into, side by side, of", (*one.names, *scaling), one.kernels, factor, 0)
        yield from _before(norm, makers, parameters, scaling, shifting, factor, bias, mean)


def _before(
    norm: Op,
    makers: Mapping[str, Op],
    parameters: Mapping[str, np.ndarray],
    scaling: tuple[str, ...],
    shifting: tuple[str, ...],
    factor: np.ndarray,
    bias: np.ndarray,
    mean: np.ndarray,
) -> Iterator[Source]:
    """The weight and the bias of the product that a batch norm follows, with it folded in."""
    added: list[str] = []
    op = makers.get(argument(norm, "X"))
    while op is not None and op.desc.type in PASSING:
        if op.desc.type == "elementwise_add":
            if (other := shown(argument(op, "Y"), makers)) not in parameters:
                return  # two branches meet
            added.append(other)
        op = makers.get(argument(op, "X"))
    if op is None or op.desc.type not in WEIGHTS:
        return
    slot, axis = WEIGHTS[op.desc.type]
    weight = argument(op, slot)
    if weight not in parameters:
        return
    array = parameters[weight]
    if attribute(op, "trans_y") or attribute(op, "transpose_Y"):
        axis = 0
    own = argument(op, "Bias")
    added += [own] if own in parameters else []
    if array.ndim > axis and array.shape[axis] == len(factor):
        yield Scaled("batch norm folded into", (weight, *scaling), array, factor, axis)
    before = sum((parameters[name].astype(np.float64).reshape(-1) for name in added), np.zeros(len(factor)))
    if before.shape == factor.shape and added:
        value = bias + (before - mean) * factor
        error = (np.abs(bias) + (np.abs(before) + np.abs(mean)) * np.abs(factor)) * GAMMA
        yield Vector("batch norm and bias of", (*added, *shifting), value, error)


def shown(name: str, makers: Mapping[str, Op]) -> str:
    """The variable that another is only another view of: a convolution's bias is added as [1, C, 1, 1]."""
    while (op := makers.get(name)) is not None and op.desc.type in VIEWS:
        name = argument(op, "X")
    return name


def argument(op: Op, slot: str) -> str:
    """The first variable in an input slot; an empty string without one."""
    return next((name for one in op.desc.inputs if one.parameter == slot for name in one.arguments), "")
