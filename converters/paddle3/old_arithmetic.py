"""Operators that compute value by value, and comparisons: PIR's names -> how a Paddle 2 program has them."""

from edgeworker.refusal import Refusal
from old_operators import (
    DATA_TYPES,
    Call,
    OldOp,
    Source,
    Translation,
    binary,
    data_type,
    fixed,
    number_of,
    own,
    same,
    unary,
    written,
)

# Called the same, without attributes.
SAME = (
    "abs", "ceil", "cos", "erf", "exp", "floor", "log", "log1p", "log2", "logical_not", "logsigmoid", "reciprocal",
    "relu", "relu6", "rsqrt", "sigmoid", "sign", "silu", "sin", "softsign", "sqrt", "square", "swish", "tanh",
    "tanh_shrink",
)  # fmt: skip
ELEMENTWISE = {
    "add": "elementwise_add",
    "divide": "elementwise_div",
    "elementwise_pow": "elementwise_pow",
    "floor_divide": "elementwise_floordiv",
    "maximum": "elementwise_max",
    "minimum": "elementwise_min",
    "multiply": "elementwise_mul",
    "remainder": "elementwise_mod",
    "subtract": "elementwise_sub",
}
COMPARISONS = ("equal", "greater_equal", "greater_than", "less_equal", "less_than", "not_equal")
LOGIC = ("logical_and", "logical_or", "logical_xor")
# The axis from which on the second operand's dimensions are the first one's; -1 is numpy's way, the only one of PIR.
ALIGNED = {"axis": ("int", fixed(-1))}


def operand_type(position: int) -> Source:
    """The number of an operand's type."""
    return lambda call: DATA_TYPES[call.dtype(position)]


def to_whole(call: Call) -> list[OldOp]:
    """`round` to whole numbers; Paddle 2.6 knows no other."""
    if call.attribute("decimals") != 0:
        raise Refusal(
            f"{call.op.place} rounds to {call.attribute('decimals')} decimals, and Paddle 2's to whole numbers"
        )
    return list(unary("round")(call))


ARITHMETIC: dict[str, Translation] = {
    **{name: unary(name) for name in SAME},
    **{name: binary(kind, ALIGNED) for name, kind in ELEMENTWISE.items()},
    **{name: binary(name, ALIGNED) for name in COMPARISONS},
    **{name: binary(name) for name in LOGIC},
    "add_n": unary("sum"),
    "assign": unary("assign"),
    "share_data": unary("assign"),
    "cast": unary("cast", {"in_dtype": ("int", operand_type(0)), "out_dtype": ("int", data_type("dtype"))}),
    "celu": unary("celu", same("float", "alpha")),
    "clip": unary("clip", {"min": ("float", number_of(1)), "max": ("float", number_of(2))}),
    "elu": unary("elu", same("float", "alpha")),
    "gelu": unary("gelu", same("bool", "approximate")),
    "hardshrink": unary("hard_shrink", same("float", "threshold")),
    "hardsigmoid": unary("hard_sigmoid", same("float", "slope", "offset")),
    # Paddle 3 leaves out what is always so: x * relu6(x + 3) / 6.
    "hardswish": unary(
        "hard_swish",
        {"threshold": ("float", fixed(6.0)), "scale": ("float", fixed(6.0)), "offset": ("float", fixed(3.0))},
    ),
    # Paddle 2's own `brelu` is no operator that anything else reads.
    "hardtanh": unary("clip", {"min": ("float", own("t_min")), "max": ("float", own("t_max"))}),
    "leaky_relu": unary("leaky_relu", {"alpha": ("float", own("negative_slope"))}),
    "mish": unary("mish", {"threshold": ("float", own("lambda"))}),
    "pow": unary("pow", {"factor": ("float", own("y"))}),
    "prelu": written("prelu", {"X": 0, "Alpha": 1}, {"Out": 0}, same("text", "data_format", "mode")),
    "round": to_whole,
    "scale": unary(
        "scale", {"scale": ("float", number_of(1)), **same("float", "bias"), **same("bool", "bias_after_scale")}
    ),
    "selu": unary("selu", same("float", "scale", "alpha")),
    "softplus": unary("softplus", same("float", "beta", "threshold")),
    "softshrink": unary("softshrink", {"lambda": ("float", own("threshold"))}),
    "thresholded_relu": unary("thresholded_relu", same("float", "threshold")),
    "where": written("where", {"Condition": 0, "X": 1, "Y": 2}, {"Out": 0}),
}
