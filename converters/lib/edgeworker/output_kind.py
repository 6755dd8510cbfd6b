"""What a program's output means, told by the operators that it ends in: the same for both Paddles' formats."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

# Operators that hand their input on, in another shape at most. By Paddle 2's names, as all here.
RESHAPING = {
    "assign", "flatten", "flatten2", "flatten_contiguous_range", "reshape", "reshape2", "share_data", "squeeze",
    "squeeze2", "unsqueeze", "unsqueeze2",
}  # fmt: skip
# Between a vector and what it is divided by.
LENGTHS = {"frobenius_norm", "norm", "p_norm"}
SUMS = {"reduce_mean", "reduce_sum"}
ROOTS = {"elementwise_pow", "pow", "rsqrt", "sqrt"}
ARITHMETIC = {
    "abs", "clip", "elementwise_add", "elementwise_max", "elementwise_mul", "expand", "expand_as_v2", "expand_v2",
    "scale", "square",
}  # fmt: skip
NORMALISATIONS = {"batch_norm", "instance_norm", "layer_norm", "norm", "sync_batch_norm"}
FARTHEST = 12
"""How many operators may lie between a vector and its length."""


@dataclass(frozen=True)
class Made:
    """How a value is made: the operator, by Paddle 2's name, and the values that it takes.

    `copies`: it hands its first input on, as a scale by one does. `by_class`: a softmax along the classes.
    """

    operator: str
    inputs: Sequence[Hashable]
    copies: bool = False
    by_class: bool = True


Maker = Callable[[Hashable], Made | None]


def is_row(shape: Sequence[int]) -> bool:
    """Whether a shape is [N, C] or [N, C, 1, ...]: a row of values for each sample."""
    return len(shape) >= 2 and shape[1] >= 1 and all(extent == 1 for extent in shape[2:])


def output_kind(output: Hashable, maker: Maker) -> tuple[str, str]:
    """The kind of an output and how it is known; `maker` tells how a value is made, None of an input.

    "probabilities" behind a softmax, "sigmoid" behind a sigmoid, "features" behind a normalisation that nothing
    classifies after; else "logits", known from nothing.
    """
    value, made = output, maker(output)
    while made is not None and (made.copies or made.operator in RESHAPING):
        value = made.inputs[0]
        made = maker(value)
    if made is None:
        return "logits", ""
    if made.operator == "softmax" and made.by_class:
        return "probabilities", "the program ends in a softmax"
    if made.operator == "sigmoid":
        return "sigmoid", "the program ends in a sigmoid"
    if made.operator in NORMALISATIONS:
        return "features", f"the program ends in {made.operator}"
    if is_divided_by_length(made, maker):
        return "features", "the program ends in a vector divided by its length"
    return "logits", ""


def is_divided_by_length(made: Made, maker: Maker) -> bool:
    """Whether this is `x / |x|`, as a quotient or as a product with the inverse."""
    if made.operator == "elementwise_div":
        vector, other = made.inputs[:2]
        return is_length_of(other, vector, maker)
    if made.operator == "elementwise_mul":
        one, other = made.inputs[:2]
        return is_length_of(other, one, maker) or is_length_of(one, other, maker)
    return False


def is_length_of(value: Hashable, vector: Hashable, maker: Maker) -> bool:
    """Whether `value` is a length of `vector`: a norm of it, or a root of a sum of it, with arithmetic between.

    A sum alone is none: a softmax that is written out divides by one.
    """
    waiting = [(value, False, False, 0)]
    while waiting:
        at, summed, rooted, depth = waiting.pop()
        if at == vector and summed and rooted:
            return True
        made = maker(at)
        if made is None or depth == FARTHEST:
            continue
        name = made.operator
        if name in RESHAPING or name in ARITHMETIC or name in LENGTHS or name in SUMS or name in ROOTS:
            length = name in LENGTHS
            step = summed or length or name in SUMS, rooted or length or name in ROOTS, depth + 1
            waiting += [(each, *step) for each in made.inputs]
    return False
