"""What `opt` computes beforehand for ARM and leaves to the runtime for x86: `unsqueeze` of a parameter.

(unsqueeze_calc_offline_pass.cc of Paddle Lite 2.13; bound to ARM.) Both files are compared with it done.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
from nb_format import NbModel, Operator, Parameter

_UNSQUEEZES = {"unsqueeze", "unsqueeze2"}


def with_offline_results(model: NbModel) -> NbModel:
    """The model in which each `unsqueeze` of a parameter is a parameter of its result's name, with the same values.

    Parameters that nothing else reads are gone. Operators whose axes are computed, or whose result's variable holds
    other values too, stay.
    """
    writes = Counter(name for operator in model.operators for names in operator.outputs.values() for name in names)
    parameters = dict(model.parameters)
    operators: list[Operator] = []
    replaced: set[str] = set()
    for operator in model.operators:
        source, result = (_only(operator.inputs, "X"), _only(operator.outputs, "Out"))
        if operator.type in _UNSQUEEZES and source in parameters and result is not None and writes[result] == 1:
            axes = operator.attributes.get("axes")
            if axes and set(filter(operator.inputs.get, operator.inputs)) == {"X"}:
                stored = parameters[source]
                parameters[result] = Parameter(result, _unsqueezed(stored.values, axes), stored.offset)
                replaced.add(source)
                continue
        operators.append(operator)
    read = {name for operator in operators for names in operator.inputs.values() for name in names}
    kept = {name: value for name, value in parameters.items() if name in read or name not in replaced}
    return replace(model, operators=operators, parameters=kept)


def _only(slots: dict[str, list[str]], slot: str) -> str | None:
    names = slots.get(slot, [])
    return names[0] if len(names) == 1 else None


def _unsqueezed(values: np.ndarray, axes: list[int]) -> np.ndarray:
    """With an extent of 1 put in for one axis after the other, as the operator does it."""
    for axis in axes:
        values = np.expand_dims(values, axis)
    return values
