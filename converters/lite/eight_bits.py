"""Values in 8 bits in a Paddle Lite model: where the ARM file makes them, and the x86 file that rounds as it does.

For ARM `opt` puts a `calib` in front of an operator in 8 bits, or has the operator before write 8 bits itself
(`int8_out`); both say the step. For x86 the four operators of `simulated` stand there instead.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from nb_format import KERNEL_ATTRIBUTE, NbModel, Operator, Parameter

LARGEST = 127
READS = {"conv2d": ("Input", "Filter"), "depthwise_conv2d": ("Input", "Filter"), "fc": ("Input", "W")}
READS |= {"mul": ("X", "Y"), "matmul_v2": ("X", "Y"), "matmul": ("X", "Y")}
"""The slots of the value and of the weight of an operator that may be in 8 bits."""
ENABLED = "enable_int8"
NOT_MEANT = {"bit_length", ENABLED, "force_fp32_output"}
NOT_MEANT |= {f"{slot}0_scale" for slots in READS.values() for slot in slots} | {"Output0_scale", "Out0_scale"}
"""What an operator in 8 bits says of its steps: they are compared as steps, not as attributes."""


def in_eight_bits(operator: Operator) -> bool:
    """Whether it multiplies integers."""
    return bool(operator.attributes.get(ENABLED)) and operator.type in READS


def weight_of(operator: Operator) -> str:
    """The name of what such an operator multiplies its value with; empty where it has none."""
    names = operator.inputs.get(READS[operator.type][1], [])
    return names[0] if len(names) == 1 else ""


def value_of(operator: Operator) -> str:
    """The variable with its value."""
    names = operator.inputs.get(READS[operator.type][0], [])
    return names[0] if len(names) == 1 else ""


def weight_scales(operator: Operator) -> np.ndarray:
    """The step of each channel of its weight, [channels]; empty where the file has none."""
    return _said(operator, ("Filter", "W", "Y"))


def input_step(operator: Operator) -> float | None:
    """The step with which it reads its value, as FP32 has it."""
    return _alone(_said(operator, ("Input", "X")))


def made_step(operator: Operator) -> float | None:
    """The step of the integers that an operator writes; None where it writes none."""
    alias = str(operator.attributes.get(KERNEL_ATTRIBUTE, "")).split("/")[1:2]
    if operator.type.startswith("calib"):
        scale = numbers([operator.attributes.get("scale")])
        return _alone(scale) if alias and alias[0].startswith("fp32_to_int8") else None
    if in_eight_bits(operator) and alias and alias[0].replace("_", "").startswith("int8out"):
        return _alone(_said(operator, ("Output", "Out")))
    return None


def readers(model: NbModel, at: int) -> Iterator[Operator]:
    """The operators that read what the operator number `at` has written, until its variables are written again."""
    names = {name for names in model.operators[at].outputs.values() for name in names}
    for operator in model.operators[at + 1 :]:
        if any(name in names for read in operator.inputs.values() for name in read):
            yield operator
        names -= {name for written in operator.outputs.values() for name in written}
        if not names:
            return


@dataclass(frozen=True)
class Rounding:
    """The four operators by which the x86 file rounds a value to 8 bits: numbers of operators, names of constants."""

    operators: tuple[int, int, int, int]
    value: str
    inverse: str
    step: str


def roundings(model: NbModel) -> list[Rounding]:
    """Each place where the x86 file rounds a value, in order; its variables are written once."""
    writers = {name: number for number, operator in enumerate(model.operators) for name in _all(operator.outputs)}
    found = []
    for number, operator in enumerate(model.operators):
        step = _factor(operator, model.parameters)
        clip = writers.get(_one(operator, "X"), -1)
        rounded = writers.get(_one(model.operators[clip], "X"), -1) if clip >= 0 else -1
        scaled = writers.get(_one(model.operators[rounded], "X"), -1) if rounded >= 0 else -1
        if not step or min(clip, rounded, scaled) < 0:
            continue
        first, inverse = model.operators[scaled], _factor(model.operators[scaled], model.parameters)
        bounds = [model.operators[clip].attributes.get(name) for name in ("min", "max")]
        types = [model.operators[place].type for place in (scaled, rounded, clip)]
        if inverse and types == ["elementwise_mul", "round", "clip"] and bounds == [-LARGEST, LARGEST]:
            places = (scaled, rounded, clip, number)
            found.append(Rounding(places, _one(first, "X"), inverse, step))
    return found


class Roundings:
    """The roundings of a model, by the numbers of their operators."""

    def __init__(self, model: NbModel) -> None:
        found = [(one, step_of(one, model.parameters)) for one in roundings(model)]
        self._last = {one.operators[-1]: (one.value, step) for one, step in found if step is not None}
        self.inner = {number for one, step in found if step is not None for number in one.operators[:-1]}
        self.constants = {name for one, step in found if step is not None for name in (one.inverse, one.step)}

    def ending_at(self, number: int) -> tuple[str, float] | None:
        """The value that is rounded there, and by which step; None where none ends."""
        return self._last.get(number)


def step_of(rounding: Rounding, parameters: Mapping[str, Parameter]) -> float | None:
    """The step by which it rounds; None where it does not divide by what it multiplies with."""
    inverse, step = (parameters[name].values.reshape(-1) for name in (rounding.inverse, rounding.step))
    with np.errstate(divide="ignore"):
        same = inverse.size == step.size == 1 and inverse[0] == np.float32(1) / step[0]
    return float(step[0]) if same else None


def _factor(operator: Operator, parameters: Mapping[str, Parameter]) -> str:
    """The constant of one value that an operator multiplies with; empty where it does something else."""
    names = operator.inputs.get("Y", [])
    single = operator.type == "elementwise_mul" and len(names) == 1 and names[0] in parameters
    return names[0] if single and parameters[names[0]].values.size == 1 else ""


def _one(operator: Operator, slot: str) -> str:
    names = operator.inputs.get(slot, [])
    return names[0] if len(names) == 1 else ""


def _all(slots: Mapping[str, list[str]]) -> list[str]:
    return [name for names in slots.values() for name in names]


def _said(operator: Operator, slots: Iterable[str]) -> np.ndarray:
    """What an operator says of the steps in any of these slots, in FP32.

    A product says it twice, under the names that `mul` and `fc` have for their slots; where it contradicts itself,
    nothing is said.
    """
    found = [operator.attributes.get(f"{slot}0_scale") for slot in slots]
    arrays = [numbers(one) for one in found if one is not None]
    same = len({one.tobytes() for one in arrays}) == 1
    return arrays[0] if same else np.zeros(0, np.float32)


def numbers(found: Any) -> np.ndarray:
    """A list of numbers in FP32; empty for anything else, which a damaged file may hold there."""
    whole = isinstance(found, list) and all(isinstance(one, float) for one in found)
    with np.errstate(over="ignore"):
        return np.array(found, np.float32) if whole else np.zeros(0, np.float32)


def _alone(found: np.ndarray) -> float | None:
    """The one number of an array; None where it holds another count."""
    return float(found[0]) if found.size == 1 else None
