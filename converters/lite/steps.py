"""The steps of a quantised Paddle Lite model as the ledger takes them: of values, and of the x86 file's weights.

The record of the quantisation has the step of what is multiplied with each weight, as `<weight>.input`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from edgeworker.ledger.stored import Quantised, Stored
from eight_bits import (
    LARGEST,
    READS,
    Roundings,
    in_eight_bits,
    input_step,
    made_step,
    readers,
    value_of,
    weight_of,
)
from integers import channel_axis
from nb_format import NbModel, Operator

WHOLE = 0.005
"""Of a step: so far may a weight in FP32 be from a whole number of steps; FP32's rounding of 127 of them is less."""


def stored_steps(model: NbModel, roundings: Roundings) -> Iterator[Stored]:
    """Every step in the file, by the weight that is multiplied with what has it."""
    for number, operator in enumerate(model.operators):
        if in_eight_bits(operator):
            yield _step(weight_of(operator), operator, input_step(operator))
        ending = roundings.ending_at(number)
        made = made_step(operator) if ending is None else ending[1]
        if made is not None:
            reading = [one for one in readers(model, number) if one.type in READS and weight_of(one)]
            for one in reading:
                yield _step(weight_of(one), operator, made)
            if not reading:
                yield _step("nothing", operator, made)


def _step(weight: str, operator: Operator, step: float | None) -> Stored:
    values = np.array([] if step is None else [step], np.float32)
    return Stored(f"{weight}.input", f"{operator.type} before {weight}", values, chosen=True)


@dataclass(frozen=True)
class RoundedWeight:
    """A weight of the x86 file that is whole numbers times steps: the numbers, and each channel's step along `axis`."""

    name: str
    integers: np.ndarray
    steps: np.ndarray
    axis: int
    whole: bool

    def as_stored(self, layer: str) -> Stored:
        """For the ledger, as integers."""
        if not self.whole:
            return Stored(self.name, layer, self.integers, fault="it is not whole numbers of steps")
        quantised = Quantised(self.steps, np.zeros(1), self.axis, from_largest=LARGEST)
        return Stored(self.name, layer, self.integers, quantised=quantised)


def rounded_weights(model: NbModel, roundings: Roundings) -> dict[str, RoundedWeight]:
    """The weights of the x86 file that are multiplied with rounded values, by name."""
    results = {
        name
        for number, operator in enumerate(model.operators)
        if roundings.ending_at(number) is not None
        for names in operator.outputs.values()
        for name in names
    }
    reading = [one for one in model.operators if one.type in READS and value_of(one) in results]
    named = {weight_of(one): one for one in reading if weight_of(one) in model.parameters}
    return {name: taken_apart(name, model.parameters[name].values, one) for name, one in named.items()}


def taken_apart(name: str, weight: np.ndarray, operator: Operator) -> RoundedWeight:
    """A weight in FP32 as integers and steps; each channel's largest magnitude is 127 steps."""
    axis = channel_axis(operator, weight)
    others = tuple(at for at in range(weight.ndim) if at != axis)
    steps = np.abs(weight.astype(np.float64)).max(axis=others) / LARGEST
    along = [1] * weight.ndim
    along[axis] = -1
    with np.errstate(all="ignore"):
        counted = np.where(steps.reshape(along) > 0, weight / steps.reshape(along), 0.0)
        integers = np.rint(counted)
        whole = bool((np.abs(counted - integers) <= WHOLE).all())
    return RoundedWeight(name, np.nan_to_num(integers).astype(np.int8), steps, axis, whole)
