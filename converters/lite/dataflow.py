"""What a `.nb` file computes, in a form that two targets' files of one program share.

`opt` fuses a little differently for each target and reuses variables on ARM, so neither operators nor
variable names can be compared as they stand. Here every value gets a fingerprint of the expression that
makes it, down to the inputs' and parameters' names, after these rules, which name all that was seen to
differ between ARM and x86:

- `fc` is a `matmul` and an `elementwise_add` with its bias, and `matmul_v2` and `mul` are `matmul`;
- a reshape or flatten in front of a `matmul` with a parameter does not count: `fc` flattens on its own, and
  the parameter's shape fixes the result;
- an average or maximum pool that adapts to 1x1 is a global pool, whose window, stride and padding mean
  nothing;
- an activation fused into an operator is an operator of its own, with the parameters that it was fused with
  (`activations`);
- `unsqueeze` of a parameter is a parameter (`offline`);
- sigmoid, swish, tanh, quotients and a softmax between two transpositions are what the rewrites `exact-sigmoid`,
  `exact-division` and `exact-softmax`, which the ARM file gets, make of them (`exact_forms`);
- `calib`, `io_copy` and `layout` move or convert values and compute nothing, but for a `calib` to 8 bits;
- a value in 8 bits is its rounding, by its step, whether a `calib` makes it, the operator before it or the operators
  that round in FP32 (`eight_bits`); who reads it with another step computes something else;
- attributes about where and how to run do not count, nor does the difference between an attribute that is
  absent and one that is false, 0 or empty.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from activations import Activation, own_activation, split_activation
from edgeworker.flat_reader import Damaged
from eight_bits import NOT_MEANT as STEPS
from eight_bits import READS, Roundings, in_eight_bits, input_step, made_step
from exact_forms import SILU, Softmaxes, expression
from integers import SCALE
from nb_format import CONVERTED_BACK, NbModel, Operator

_TRANSPORT = {"calib", "calib_once", "io_copy", "io_copy_once", "layout", "layout_once"}
_MATRIX_PRODUCTS = {"matmul_v2": ("X", "Y"), "mul": ("X", "Y"), "fc": ("Input", "W")}
_RESHAPES = {"flatten_contiguous_range", "flatten2", "reshape2", "squeeze2"}
_GLOBAL_POOL_IGNORES = {
    "ksize",
    "strides",
    "paddings",
    "padding_algorithm",
    "adaptive",
    "exclusive",
    "ceil_mode",
}
_NOT_MEANT = {"op_device", "op_type", "with_quant_attr", "use_cudnn", "use_mkldnn", "in_num_col_dims"}
# What oneDNN's 8-bit kernels would take; programs that were not pruned for inference still have them.
_NOT_MEANT |= {"mkldnn_data_type", "use_quantizer", "Scale_x", "Scale_y", "Scale_out"}
# How integers are read: their values are the parameters', which are compared as such.
_NOT_MEANT |= {"quantization_type", "quantize_weight_bits"}
# Slots that hold no part of the computed value.
_SIDE_OUTPUTS = {"XShape"}


@dataclass(frozen=True)
class Step:
    """One operator's main results: `fingerprint` of its expression, `place` to name it in a message."""

    fingerprint: str
    place: str


@dataclass(frozen=True)
class Dataflow:
    """`outputs` maps each model output to its fingerprint; `steps` are the computing operators in order.

    `known` are the fingerprints of all that is computed on the way, inside of fused operators too.
    """

    steps: list[Step]
    outputs: dict[str, str]
    known: frozenset[str]


def trace(model: NbModel) -> Dataflow:
    """Follow the operators in their order; a variable that is written twice counts from each writing on.

    Raises Damaged for an operator without the operands that it needs.
    """
    values = {name: f"parameter {name}" for name in model.parameters}
    unshaped: dict[str, str] = {}  # fingerprint of a reshaped value -> of what it was before
    steps: list[Step] = []
    outputs: dict[str, str] = {}
    known: set[str] = set()
    softmaxes = Softmaxes()
    roundings, eight_bits = Roundings(model), EightBits(unshaped)
    for index, operator in enumerate(model.operators):
        operands = {
            slot: [values.get(name, f"undefined {name}") for name in names]
            for slot, names in operator.inputs.items()
            if names
        }
        if operator.type == "feed":
            name = _one(operator, operator.outputs, "Out")
            values[name] = f"input {name}"
        elif operator.type == "fetch":
            name = _one(operator, operator.inputs, "X")
            outputs[name.removesuffix(CONVERTED_BACK)] = values.get(name, f"undefined {name}")
        elif index in roundings.inner:
            continue  # the last of the four stands for all
        elif (rounding := roundings.ending_at(index)) is not None:
            source, step = rounding
            fingerprint = eight_bits.rounded(values.get(source, f"undefined {source}"), step)
            values.update((name, fingerprint) for name in _results(operator))
            known.add(fingerprint)
            steps.append(Step(fingerprint, _place(index, operator)))
        elif operator.type in _TRANSPORT:
            moved = _one(operator, operands, next(iter(operands), "Input"))
            if (made := made_step(operator)) is not None:
                moved = eight_bits.rounded(moved, made)
                known.add(moved)
                steps.append(Step(moved, _place(index, operator)))
            values.update((name, moved) for name in _results(operator))
        else:
            parts = _fingerprints(operator, operands, unshaped, eight_bits)
            fingerprint = parts[-1]
            if (turned := softmaxes.along(operator, operands, f"{fingerprint}.0", _rank(model, operator))) is not None:
                source, axis = turned
                fingerprint = _digest("softmax", {"X": [source]}, {"axis": axis})
            known.update([*parts, fingerprint])
            made = made_step(operator)
            for position, name in enumerate(_results(operator)):
                result = f"{fingerprint}.{position}"
                values[name] = result if made is None else eight_bits.rounded(result, made)
            for slot in _SIDE_OUTPUTS & operator.outputs.keys():  # they overwrite what the variable held
                values.update((name, f"{fingerprint}.{slot}") for name in operator.outputs[slot])
            if operator.type in _RESHAPES:
                source = _one(operator, operands, "X")
                unshaped[f"{fingerprint}.0"] = unshaped.get(source, source)
            else:  # reshapes may or may not count, so no message starts from one
                steps.append(Step(fingerprint, _place(index, operator)))
    return Dataflow(steps, outputs, frozenset(known))


class EightBits:
    """The values in 8 bits, and their steps. `unshaped` maps reshaped values to those before, as in `trace`."""

    def __init__(self, unshaped: dict[str, str]) -> None:
        self._unshaped = unshaped
        self._steps: dict[str, float] = {}

    def rounded(self, value: str, step: float) -> str:
        """The value in 8 bits, by that step."""
        fingerprint = _digest("in 8 bits", {"X": [value]}, {"step": repr(step)})
        self._steps[fingerprint] = step
        if value in self._unshaped:
            self._unshaped[fingerprint] = self.rounded(self._unshaped[value], step)
        return fingerprint

    def step(self, value: str) -> float | None:
        """The step of a value; None for one that is not in 8 bits."""
        return self._steps.get(value)


def _fingerprints(
    operator: Operator, operands: dict[str, list[str]], unshaped: Mapping[str, str], eight_bits: EightBits
) -> list[str]:
    """Of what the operator computes: the operators that are fused in it one after the other, its result last."""
    attributes = {
        name: value
        for name, value in operator.attributes.items()
        if name not in _NOT_MEANT and not name.startswith("__@") and not name.endswith(("_fp16", SCALE))
    }
    kind = operator.type
    if in_eight_bits(operator):
        attributes = {name: value for name, value in attributes.items() if name not in STEPS}
        if eight_bits.step(_one(operator, operands, READS[kind][0])) != (read := input_step(operator)):
            attributes["reads by steps of"] = repr(read)
    own = SILU if kind == "silu" else own_activation(kind, attributes, operands)
    if own is not None:
        return _activated(own, _one(operator, operands, "X"))
    if kind == "elementwise_div":
        inverse = _digest("reciprocal", {"X": [_one(operator, operands, "Y")]}, {})
        factors = {"X": [_one(operator, operands, "X")], "Y": [f"{inverse}.0"]}
        return [inverse, _digest("elementwise_mul", factors, {"axis": attributes.get("axis")})]
    attributes, operands, activation = split_activation(kind, attributes, operands)
    if kind in _MATRIX_PRODUCTS:
        left, right = _MATRIX_PRODUCTS[kind]
        x, weight = _one(operator, operands, left), _one(operator, operands, right)
        if weight.startswith("parameter "):
            x = unshaped.get(x, x)
        parts = [_digest("matmul", {"X": [x], "Y": [weight]}, attributes)]
        if bias := operands.get("Bias"):
            parts.append(_digest("elementwise_add", {"X": [f"{parts[-1]}.0"], "Y": bias}, {"axis": -1}))
    else:
        if kind == "pool2d" and (attributes.get("adaptive") and attributes.get("ksize") == [1, 1]):
            attributes["global_pooling"] = True
        if kind == "pool2d" and attributes.get("global_pooling"):
            attributes = {k: v for k, v in attributes.items() if k not in _GLOBAL_POOL_IGNORES}
        plain = kind.removeprefix("fusion_").removesuffix("_activation")
        parts = [_digest(plain, operands, attributes)]
    if activation:
        parts += _activated(activation, f"{parts[-1]}.0")
    return parts


def _activated(activation: Activation, value: str) -> list[str]:
    """Of an activation: the operators that it is written out in, or the one that it is."""
    parts: list[str] = []
    for kind, operands, attributes in expression(activation):
        values = {slot: [f"{parts[number]}.0" if number >= 0 else value] for slot, number in operands.items()}
        parts.append(_digest(kind, values, attributes))
    return parts or [_digest(activation.type, {"X": [value], **activation.operands}, activation.attributes)]


def _rank(model: NbModel, operator: Operator) -> int:
    """How many dimensions its result has, as far as the file says."""
    name = next(iter(_results(operator)), "")
    return len(model.variables[name].dims) if name in model.variables else 0


def _one(operator: Operator, slots: Mapping[str, list[str]], slot: str) -> str:
    names = slots.get(slot, [])
    if len(names) != 1:
        raise Damaged(f"an operator {operator.type} has {len(names)} of {slot} where it needs one")
    return names[0]


def _digest(kind: str, operands: Mapping[str, list[str]], attributes: Mapping[str, Any]) -> str:
    told = {name: int(value) if isinstance(value, bool) else value for name, value in attributes.items() if value}
    text = json.dumps([kind, operands, told], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _results(operator: Operator) -> list[str]:
    return [name for slot, names in sorted(operator.outputs.items()) if slot not in _SIDE_OUTPUTS for name in names]


def _place(index: int, operator: Operator) -> str:
    """The operator for a message: parameters do not change their names between targets, so they lead."""
    weights = [name for slot in ("Filter", "W", "Y", "Scale") for name in operator.inputs.get(slot, [])]
    results = _results(operator)
    return (
        f"operator {index}, {operator.type}"
        + "".join(f" with {name}" for name in weights[:1])
        + (f" -> {results[0]}" if results else "")
    )
