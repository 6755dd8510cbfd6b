"""Whether a network is computed with MNN's own exponential where that is an estimate.

On ARM MNN takes exp(r), |r| < ln(2) / 2, for a polynomial of degree 4, off by up to 5.6e-5 of its value (`expApprox` in
CommonOptFunctionNeon.cpp); on x86-64 for one of degree 5 of a quarter of r, off by 4e-7.
"""

from mnn_file import MnnFile, Operator

ESTIMATING = ("aarch64", "arm64", "armv7l", "armv8l")
"""Processors, as `platform.machine()` calls them."""
UNARY = ("exp", "expm1", "sigmoid", "tanh", "silu", "gelu")
OTHERS = ("Softmax", "Sigmoid", "TanH", "Exp", "ELU", "Selu", "Attention")


def exponentials(network: MnnFile, machine: str) -> str:
    """`estimated` where it has an operator that takes them on such a processor, else `exact`."""
    rough = machine in ESTIMATING and any(takes_one(operator) for operator in network.operators)
    return "estimated" if rough else "exact"


def takes_one(operator: Operator) -> bool:
    """Whether an operator is made of MNN's exponential; its exact gelu is made of the error function."""
    if operator.type == "UnaryOp":
        return operator.attributes().get("opType") in UNARY
    return operator.type in OTHERS
