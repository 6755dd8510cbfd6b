"""Parameters of a Paddle Lite model that are integers (`--precision int8`, `int8-weights`, `int16-weights`).

The operator that reads one has its scales in an attribute: a channel's largest magnitude by the largest integer.
"""

import numpy as np
from edgeworker.ledger.stored import Quantised
from eight_bits import LARGEST, in_eight_bits, weight_of, weight_scales
from nb_format import NbModel, Operator

SCALE = "_quant_scale"
"""What follows a parameter's name in the attribute with its scales."""
ALONG_COLUMNS = ("mul", "lookup_table")
"""Operators whose weights have a scale for each column (quant_axis1_ops in post_quant_dynamic_pass.cc)."""


def quantised_in(model: NbModel) -> dict[str, Quantised]:
    """How the integers of each such parameter are read."""
    found = {}
    for operator in model.operators:
        if in_eight_bits(operator) and (weight := model.parameters.get(weight_of(operator))) is not None:
            found[weight.name] = in_eight(operator, weight.values)
        for attribute, scales in operator.attributes.items():
            name = attribute.removesuffix(SCALE)
            parameter = model.parameters.get(name)
            if attribute == name or parameter is None or parameter.values.dtype.kind != "i":
                continue
            scale, shape = np.atleast_1d(np.array(scales, np.float64)), parameter.values.shape
            fitting = [at for at, extent in enumerate(shape) if extent == len(scale)] or [0]
            # Of a square matrix both would do.
            axis = 1 if operator.type in ALONG_COLUMNS and 1 in fitting else fitting[0]
            largest = int(np.iinfo(parameter.values.dtype).max)
            found[name] = Quantised(scale, np.zeros(1), axis, from_largest=largest)
    return found


def in_eight(operator: Operator, integers: np.ndarray) -> Quantised:
    """How the weight of an operator in 8 bits is read. A channel of zeros has any scale in the file, and none here."""
    scales, axis = weight_scales(operator).astype(np.float64), channel_axis(operator, integers)
    if integers.ndim > 1 and scales.size == integers.shape[axis]:
        others = tuple(at for at in range(integers.ndim) if at != axis)
        scales = np.where((integers != 0).any(axis=others), scales, 0.0)
    return Quantised(scales, np.zeros(1), axis, from_largest=LARGEST)


def channel_axis(operator: Operator, weight: np.ndarray) -> int:
    """Which axis of its weight is the channels of its result: the first of a convolution's, the last of a product's."""
    return 0 if "conv" in operator.type else weight.ndim - 1
