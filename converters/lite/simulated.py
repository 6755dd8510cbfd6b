"""A quantised program as one of Paddle Lite's x86 runtime, which has no kernels for it: the same numbers in FP32.

Paddle's quantisation writes a value in 8 bits as `fake_quantize_range_abs_max`, the integers of a weight in its place,
and `fake_channel_wise_dequantize_max_abs` behind the product. Here a value is multiplied by the inverse of its step,
rounded, limited to what 8 bits hold and multiplied by its step again; a weight is its integers times their steps.
What is computed differs by FP32's rounding alone.
"""

import numpy as np
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, arguments, attribute
from edgeworker.refusal import Refusal

LARGEST = 127
"""What the largest magnitude becomes in 8 bits; integers are -127 to 127."""
STEP, INVERSE = "@step", "@inverse"
"""What the constants with a value's step, and with its inverse, are called after the value."""
QUANTISE, DEQUANTISE = "fake_quantize_range_abs_max", "fake_channel_wise_dequantize_max_abs"
WEIGHTED = {"conv2d": "Filter", "depthwise_conv2d": "Filter", "matmul_v2": "Y", "mul": "Y"}
"""Operators that read values in 8 bits, and the slot of their weights."""


def step_of(largest: np.ndarray) -> np.float32:
    """The step of a value whose largest magnitude is `largest`, [1], in FP32 as `opt` works it out."""
    return np.float32(largest.reshape(-1)[0]) / np.float32(LARGEST)


def simulate(graph: ProgramGraph) -> None:
    """Put operators in FP32 in the place of those that quantise. Raises Refusal where a program does it otherwise."""
    for op in graph.ops({QUANTISE}):
        _round(graph, op)
    for op in graph.ops({DEQUANTISE}):
        _weigh(graph, op)
    graph.drop_unused()


def _round(graph: ProgramGraph, op: Op) -> None:
    (value,), (result,) = _slot(op, "X"), _results(op, "Out")
    step = step_of(graph.stored(_slot(op, "InScale")[0]))
    shape = graph.shape(value)
    inverse = graph.add_parameter(f"{value}{INVERSE}", np.array([np.float32(1) / step], np.float32))
    steps = graph.add_parameter(f"{value}{STEP}", np.array([step], np.float32))
    building = graph.building(op)
    scaled = building.add("elementwise_mul", {"X": value, "Y": inverse}, shape, axis=-1)
    rounded = building.add("round", {"X": scaled}, shape)
    limited = building.add("clip", {"X": rounded}, shape, min=float(-LARGEST), max=float(LARGEST))
    building.add("elementwise_mul", {"X": limited, "Y": steps}, into=result, axis=-1)
    building.finish()


def _weigh(graph: ProgramGraph, op: Op) -> None:
    """Take the operator out whose factors go into the weights instead."""
    (before,), (result,) = _slot(op, "X"), _results(op, "Out")
    product = graph.writer(before)
    if product is None or product.desc.type not in WEIGHTED or len(graph.readers(before)) != 1:
        raise Refusal(f"{op.place} is not behind a product of its own")
    (weight,) = _slot(product, WEIGHTED[product.desc.type])
    if len(graph.readers(weight)) != 1:
        raise Refusal(f"{weight} is read by more than {product.place}")
    largest = graph.stored(_slot(op, "Scales")[0]).astype(np.float32)
    integers = graph.stored(weight)
    along = [1] * integers.ndim
    along[int(attribute(op, "quant_axis") or 0)] = -1
    graph.store(weight, integers * (largest / np.float32(LARGEST)).reshape(along))
    for slot in product.desc.outputs:
        for place, name in enumerate(slot.arguments):
            if name == before:
                slot.arguments[place] = result
    graph.replace(op, [])


def _slot(op: Op, name: str) -> list[str]:
    found = arguments(op.desc.inputs, name)
    if not found:
        raise Refusal(f"{op.place} has no {name}")
    return found


def _results(op: Op, name: str) -> list[str]:
    return arguments(op.desc.outputs, name) or []
