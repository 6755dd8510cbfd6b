"""Which operators Paddle Lite's ARM kernels divide in by an estimate, and the exact forms of the same.

The estimate and one step of Newton's (`div_ps` in lite/backends/arm/math/funcs.h of Paddle Lite 2.13) are off by up to
8.2e-6. Found at its callers in lite/backends/arm/math: activation.cc, elementwise.cc and softmax.cc; `silu` takes two
steps, and a softmax along the last axis divides.
"""

from collections import Counter

from nb_format import NbModel, Operator

_KINDS = frozenset({"elementwise_div", "mish", "sigmoid", "swish", "tanh"})


def inexact_kinds(model: NbModel) -> Counter[str]:
    """How many operators of each kind divide so where the model is run on ARM, as operators and fused into others."""
    fused = [str(operator.attributes.get("act_type")) for operator in model.operators]
    kinds = [kind for kind in [*(operator.type for operator in model.operators), *fused] if kind in _KINDS]
    return Counter([*kinds, *("softmax" for operator in model.operators if _is_inexact_softmax(model, operator))])


def _is_inexact_softmax(model: NbModel, operator: Operator) -> bool:
    """Along another axis than the last."""
    if operator.type != "softmax":
        return False
    axis = operator.attributes.get("axis", -1)
    ranks = [len(model.variables[name].dims) for name in operator.outputs.get("Out", []) if name in model.variables]
    return axis != -1 and axis + 1 not in ranks
