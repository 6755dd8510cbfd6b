"""Numbers that an artifact may store though they are no parameters: what operators' attributes and formulas say."""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from edgeworker.ledger.match import ROUNDED
from edgeworker.paddle_program import arguments, attribute, ops, variable

FORMULAS = {
    "0, 1 and their like": (0.0, 1.0, -1.0, 2.0, 0.5, 3.0, 6.0, 1 / 6),
    "what a largest value is taken over is padded with": (-float(np.finfo(np.float32).max), -np.inf),
    "gelu's": (2**0.5, 2**-0.5, 0.044715, (2 / np.pi) ** 0.5),
}
"""Numbers of the operators' own definitions: halves and unities, hard_swish's 3 and 6, gelu's two forms (Hendrycks and
Gimpel, arXiv:1606.08415)."""
FEW = 16
"""Values that a tensor may hold which differ from each other: a list of scales, not a weight."""
STEPS = 127
"""Steps that the largest value of a quantised constant takes at least: its scale is from its own range, in 8 bits."""
NO_RANGE = 1.0
"""The scale that ONNX Runtime's quantiser gives to zeros (compute_scale_zp in quant_utils.py)."""


def numbers_of(program: Any) -> set[float]:
    """Every number of the program's attributes and the operators' formulas, as float32 has it, and its inverse."""
    found: set[float] = {number for numbers in FORMULAS.values() for number in numbers}
    for op in ops(program):
        for described in op.desc.attrs:
            value = attribute(op, described.name)
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, (int, float)) and not isinstance(one, bool):
                    found.add(float(one))
                elif isinstance(one, str):
                    try:
                        found.add(float(one))
                    except ValueError:
                        continue
    # What dropout leaves behind where it scales at inference (`downgrade_in_infer`): 1 less its probability.
    kept = [attribute(op, "dropout_prob") for op in ops(program, {"dropout"})]
    found |= {1 - probability for probability in kept if probability is not None}
    # pnnx has hard sigmoids of one slope, 1/6, and multiplies what they take by how often another one holds it.
    for slope in (attribute(op, "slope") for op in ops(program, {"hard_sigmoid"})):
        if slope is not None:
            found |= {slope * 6, float(np.float32(slope) / np.float32(1 / 6))}
    found |= set(counts(program))
    inverses = {1 / number for number in found if number}
    with np.errstate(over="ignore"):
        return {float(np.float32(number)) for number in found | inverses | {-number for number in found}}


def counts(program: Any) -> Iterator[float]:
    """How many values each sum or mean of the program is over: the one is so many times the other."""
    for op in ops(program, {"reduce_sum", "reduce_mean", "p_norm"}):
        described = variable(program.blocks[0], next(iter(arguments(op.desc.inputs, "X") or []), ""))
        extents = list(described.type.lod_tensor.tensor.dims) if described else []
        axes = attribute(op, "dim")
        axes = [attribute(op, "axis") or 0] if axes is None else list(axes)
        if attribute(op, "reduce_all") or not axes:
            axes = list(range(len(extents)))
        if all(-len(extents) <= axis < len(extents) and extents[axis] > 0 for axis in axes):
            yield float(prod(extents[axis] for axis in axes))


def filled(program: Any) -> set[int]:
    """How many values the tensors have that the program itself fills with one number."""
    shapes = [attribute(op, "shape") or [] for op in ops(program, {"fill_constant", "full", "fill_any_like"})]
    return {int(np.prod(shape)) for shape in shapes}


def is_constant(stored: np.ndarray, numbers: set[float], fills: set[int]) -> bool:
    """Whether a tensor holds nothing but such numbers: few of them, or one as often as the program fills it in.

    A long tensor of one number is no constant else: it may have been a bias.
    """
    if not is_short(stored, fills):
        return False
    with np.errstate(over="ignore"):
        different = np.unique((stored.flat[:1] if stored.size > FEW else stored).astype(np.float32))
    known = numbers
    if stored.dtype == np.float16:
        with np.errstate(over="ignore"):
            known = {float(np.float16(number)) for number in numbers}
    return all(float(value) in known for value in different)


def is_constant_near(values: np.ndarray, allowed: np.ndarray, numbers: set[float], fills: set[int]) -> bool:
    """Whether integers stand for nothing but such numbers; their `values` were rounded by up to `allowed`, half a step.

    Small integers are near many numbers, so the largest must be worth as many steps as a scale from the constant's own
    range gives it. Zeros have no range: with another scale than theirs they were a number.
    """
    if not values.size or not is_short(values, fills):
        return False
    if not values.any():
        return bool((allowed == NO_RANGE / 2).all())
    if not (np.abs(values) >= STEPS * 2 * allowed).any():
        return False
    known = np.array([number for number in numbers if np.isfinite(number)])
    # A long tensor has one value.
    each, bound = (values.flat[:1], allowed.min()) if values.size > FEW else (values.reshape(-1), allowed.reshape(-1))
    apart = np.abs(each[:, None] - known).min(axis=1, initial=np.inf)
    return bool((apart <= bound * ROUNDED).all())


def is_short(values: np.ndarray, fills: set[int]) -> bool:
    """Whether a tensor has few values, or one as often as the program fills it in."""
    return values.size <= FEW or (values.size in fills and bool((values == values.flat[0]).all()))
