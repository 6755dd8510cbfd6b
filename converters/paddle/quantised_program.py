"""A program in which convolutions and products read their values in 8 bits, in the words that Paddle Lite reads.

A value is divided by its step and rounded (`fake_quantize_range_abs_max`), a weight is whole numbers kept in FP32, and
what they give is multiplied by both steps again (`fake_channel_wise_dequantize_max_abs`). A step is the largest value
by 127, of a weight that of each channel of the result.
(paddle/fluid/operators/fake_quantize_op.h and fake_dequantize_op.h of Paddle 2.6.)
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgeworker.paddle_graph import Building, ProgramGraph
from edgeworker.paddle_program import FP32, Op, arguments, attribute

BITS, LARGEST = 8, 127
AWAY_FROM_ZERO = 1
"""How halves are rounded (`round_type`): as Paddle Lite's ARM kernels do it."""
QUANTISE, DEQUANTISE = "fake_quantize_range_abs_max", "fake_channel_wise_dequantize_max_abs"


@dataclass(frozen=True)
class Kind:
    """The slots of an operator's value, weight and result, and the axis of the weight that is the result's channels."""

    value: str
    weight: str
    result: str
    axis: int


_CONVOLUTION, _PRODUCT = Kind("Input", "Filter", "Output", 0), Kind("X", "Y", "Out", 1)
KINDS = {"conv2d": _CONVOLUTION, "depthwise_conv2d": _CONVOLUTION, "matmul_v2": _PRODUCT, "mul": _PRODUCT}


@dataclass(frozen=True)
class Weighted:
    """An operator that can read its value in 8 bits: the names of value, weight and result."""

    op: Op
    kind: Kind
    value: str
    weight: str
    result: str


def weighted(graph: ProgramGraph) -> Iterator[Weighted]:
    """Each operator of a value and a weight of its own, both in FP32, in order.

    Left out are products of two values, of a weight that is turned, or that another operator reads too.
    """
    for op in graph.ops(KINDS):
        kind = KINDS[op.desc.type]
        (value,), (weight,) = (arguments(op.desc.inputs, slot) or [""] for slot in (kind.value, kind.weight))
        if value in graph.parameters or weight not in graph.parameters or len(graph.readers(weight)) != 1:
            continue
        turned = attribute(op, "trans_x") or attribute(op, "trans_y")
        if turned or (kind is _PRODUCT and graph.stored(weight).ndim != 2):
            continue
        if graph.data_type(value) == graph.data_type(weight) == FP32:
            (result,) = arguments(op.desc.outputs, kind.result) or [""]
            yield Weighted(op, kind, value, weight, result)


def quantise(graph: ProgramGraph, largest: Mapping[str, float], keep: Collection[str]) -> list[Weighted]:
    """Have each operator of `weighted` read 8 bits, but those whose weights are in `keep`; returns which do.

    `largest` is each value's largest magnitude. A value that is zero throughout has no step: who reads it stays.
    """
    quantised: dict[str, tuple[str, str]] = {}
    chosen = [one for one in weighted(graph) if one.weight not in keep and largest.get(one.value, 0.0) > 0]
    for one in chosen:
        building = graph.building(one.op)
        if one.value not in quantised:
            quantised[one.value] = _rounded(graph, building, one.value, largest[one.value])
        whole, scale = quantised[one.value]
        integers, of_channels = in_integers(graph.stored(one.weight), one.kind.axis)
        graph.store(one.weight, integers)
        channels = graph.add_parameter(f"{one.weight}@channels", of_channels)
        product = graph.add_variable(f"{one.result}@product", graph.shape(one.result), FP32)
        building.made.append(_reading(one, whole, product))
        building.add(
            DEQUANTISE,
            {"X": product, "Scales": [channels, scale]},
            into=one.result,
            quant_bits=[BITS, BITS],
            quant_axis=one.kind.axis,
            x_num_col_dims=len(graph.shape(one.result)) - 1 if one.kind is _PRODUCT else 1,
        )
        building.finish()
    graph.ops()
    return chosen


def in_integers(weight: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """A weight as whole numbers from -127 to 127 in FP32, and the largest magnitude of each channel, [channels].

    A channel of zeros has the largest magnitude 1, as Paddle writes it.
    """
    others = tuple(at for at in range(weight.ndim) if at != axis)
    largest = np.abs(weight).max(axis=others).astype(np.float32)
    largest[largest == 0] = 1
    along = [1] * weight.ndim
    along[axis] = -1
    integers = np.rint(weight.astype(np.float64) * LARGEST / largest.reshape(along).astype(np.float64))
    return np.clip(integers, -LARGEST, LARGEST).astype(np.float32), largest


def _rounded(graph: ProgramGraph, building: Building, value: str, largest: float) -> tuple[str, str]:
    """Round a value once for all that read it; returns the names of its whole numbers and of its scale."""
    scale = graph.add_parameter(f"{value}@scale", np.array([largest], np.float32))
    whole = graph.add_variable(f"{value}@whole", graph.shape(value), FP32)
    said = {"bit_length": BITS, "round_type": AWAY_FROM_ZERO, "is_test": True}
    building.add(QUANTISE, {"X": value, "InScale": scale}, into=whole, **said)
    building.made[-1].outputs.add(parameter="OutScale", arguments=[scale])
    return whole, scale


def _reading(one: Weighted, whole: str, product: str) -> Any:
    """The operator with whole numbers in its value's place, and another result."""
    desc = type(one.op.desc).FromString(one.op.desc.SerializeToString())
    for slots, slot, name in ((desc.inputs, one.kind.value, whole), (desc.outputs, one.kind.result, product)):
        for found in slots:
            if found.parameter == slot:
                found.arguments[:] = [name]
    return desc
