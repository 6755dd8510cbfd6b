"""Larger steps for the channels of weights whose products leave 16 bits in pairs (`cut_off`), and for no others.

NNCF's own cure, OverflowFix, has 7 bits for every weight of every layer.
"""

# A type checker without these packages takes folders of their names for them.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterable

import numpy as np
import openvino
from cut_off import constant_behind, pair_tables, sums_beyond
from edgeworker.pair_sums import MARGINS
from openvino import opset13
from read_ir import weighted

LARGEST = 127
WITHIN = 0.51
"""Of a step: how far rounded weights are from those that they were rounded from."""


def fit_pairs(model: openvino.Model, floats: openvino.Model, calls: Iterable[np.ndarray]) -> tuple[int, list[str]]:
    """Give the INT8 `model` of `floats` larger steps until no sum of the calls' leaves 16 bits.

    Returns how many channels have them, and the layers whose sums leave 16 bits all the same.
    """
    tables = pair_tables(model, calls)
    known = {node.get_friendly_name(): node for node in weighted(floats)}
    changed: set[tuple[str, int]] = set()
    for margin in MARGINS:
        found = sums_beyond(model, tables, margin)
        if not found:
            break
        layers = {node.get_friendly_name(): node for node in weighted(model) if node.get_friendly_name() in found}
        for name, beyond in found.items():
            if name in known and coarser(layers[name], known[name], np.maximum(beyond, 1)):
                changed |= {(name, int(channel)) for channel in np.flatnonzero(beyond > 1)}
    return len(changed), list(sums_beyond(model, tables))


def coarser(layer: openvino.Node, full: openvino.Node, factor: np.ndarray) -> bool:
    """Make the steps of a layer's weights larger by `factor`, [channels], at least 1; whether it was possible.

    `full` is the layer in FP32, of whose weights the integers are made anew: rounding them once more would cost twice.
    """
    stored, weights = constant_behind(layer.input_value(1).get_node()), constant_behind(full.input_value(1).get_node())
    scaling = scaling_of(layer.input_value(1).get_node())
    if stored is None or weights is None or scaling is None:
        return False
    integers, scale = np.array(stored.data), np.array(scaling.data)
    if scale.size not in (1, factor.size):
        return False
    rounded = integers * scale.astype(np.float64)
    truth = rounded_from(rounded, scale, layer, np.array(weights.data, np.float64))
    if truth is None:
        return False
    larger = (scale * (factor.reshape(scale.shape) if scale.size > 1 else factor.max())).astype(scale.dtype)
    made = np.clip(np.rint(truth / larger), -LARGEST, LARGEST).astype(np.int8)
    replace(stored, made)
    replace(scaling, larger)
    return True


def rounded_from(
    rounded: np.ndarray, scale: np.ndarray, layer: openvino.Node, weights: np.ndarray
) -> np.ndarray | None:
    """The weights in FP32 that `rounded` ones are from, in their shape; None where these are from something else.

    SmoothQuant divides them by what it multiplies the layer's activation by.
    """
    if weights.size != rounded.size:
        return None
    shape = tuple(layer.input_value(1).get_shape())
    candidates = [weights.reshape(shape)]
    if (factor := smoothing_of(layer)) is not None and len(shape) == 2:
        inner = 1 if layer.get_attributes().get("transpose_b") else 0
        if factor.size == shape[inner]:
            candidates.append(weights.reshape(shape) / (factor[None, :] if inner else factor[:, None]))
    for one in candidates:
        if (np.abs(one.reshape(rounded.shape) - rounded) <= WITHIN * scale).all():
            return one.reshape(rounded.shape)
    return None


def smoothing_of(layer: openvino.Node) -> np.ndarray | None:
    """What a layer's activation is multiplied by for each channel before it is quantised; None where it is not."""
    multiply = layer.input_value(0).get_node().input_value(0).get_node()
    if multiply.get_type_name() != "Multiply":
        return None
    factor = multiply.input_value(1).get_node()
    return np.array(factor.data, np.float64).reshape(-1) if factor.get_type_name() == "Constant" else None


def scaling_of(node: openvino.Node) -> openvino.Node | None:
    """The constant that integers are multiplied by; None where there is none."""
    while node.get_type_name() in ("Convert", "Reshape"):
        node = node.input_value(0).get_node()
    if node.get_type_name() != "Multiply":
        return None
    scale = node.input_value(1).get_node()
    return scale if scale.get_type_name() == "Constant" else None


def replace(constant: openvino.Node, values: np.ndarray) -> None:
    """Put other values in a constant's place, under its name."""
    made = opset13.constant(values, dtype=values.dtype)
    for reader in list(constant.output(0).get_target_inputs()):
        reader.replace_source_output(made.output(0))
    made.set_friendly_name(constant.get_friendly_name())
