"""What becomes of a convolution that is multiplied by a number: Paddle Lite's `opt` puts the number into its weights.

With what lies between (a bias, a batch norm) it is `w * x + b`, and times k it is `k * w * x + k * b`. A relu may lie
between too where k is positive.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from edgeworker.ledger.folds import argument
from edgeworker.ledger.merged import affine
from edgeworker.ledger.sources import GAMMA, Vector
from edgeworker.paddle_program import attribute, ops

# f(k * x) = k * f(x) for a positive k.
HOMOGENEOUS = ("relu", "leaky_relu")


def scales(program: Any, parameters: Mapping[str, np.ndarray]) -> Iterator[Vector]:
    """The weight and the bias of every such convolution.

    Bound: gamma_n of the sum of the terms' sizes (Higham §3.1).
    """
    makers = {name: op for op in ops(program) for slot in op.desc.outputs for name in slot.arguments}
    for scale in ops(program, {"scale"}):
        factor, added = (float(np.float32(attribute(scale, name) or 0.0)) for name in ("scale", "bias"))
        name = argument(scale, "X")
        while (op := makers.get(name)) is not None and op.desc.type in HOMOGENEOUS and factor > 0 and not added:
            name = argument(op, "X")
        if attribute(scale, "bias_after_scale") is False:
            added *= factor
        if (conv := affine(name, makers, parameters)) is None:
            continue
        weight = conv.weight * factor
        yield Vector("multiplied by a number", conv.names[:1], weight, np.abs(weight) * GAMMA)
        size = conv.largest * abs(factor) + abs(added)
        yield Vector("bias multiplied by a number", conv.names, conv.bias * factor + added, size * GAMMA)
