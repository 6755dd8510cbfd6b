"""Parameters of a Paddle Lite model that `opt` has made integers of (`--precision int8-weights`, `int16-weights`).

The operator that reads one has its scales in an attribute: a channel's largest magnitude by the largest integer.
"""

import numpy as np
from edgeworker.ledger.stored import Quantised
from nb_format import NbModel

SCALE = "_quant_scale"
"""What follows a parameter's name in the attribute with its scales."""
ALONG_COLUMNS = ("mul", "lookup_table")
"""Operators whose weights have a scale for each column (quant_axis1_ops in post_quant_dynamic_pass.cc)."""


def quantised_in(model: NbModel) -> dict[str, Quantised]:
    """How the integers of each such parameter are read."""
    found = {}
    for operator in model.operators:
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
