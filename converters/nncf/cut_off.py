"""Layers of an INT8 network whose sums leave 16 bits on processors without VNNI (`edgeworker.pair_sums`), by name.

A layer of OpenVINO's CPU plugin is one whose activation comes from a FakeQuantize of 256 levels, and whose weights are
integers that are widened and scaled. Its kernels for AVX2 multiply unsigned activations as they are; signed ones they
move by 128, and halve the weights, so that nothing is cut off.
"""

# A type checker without these packages takes folders of their names for them.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterable, Iterator

import numpy as np
import openvino
from edgeworker.pair_sums import LARGEST_SUM, LEVELS, Product, at_least, largest_sums, note, of_convolution

PHOTOS = 32
WIDENING = ("Convert", "Multiply", "Reshape")


def cut_off(model: openvino.Model, calls: Iterable[np.ndarray]) -> list[str]:
    """The layers of which some channel's sums leave 16 bits on these calls, in the model's order."""
    products = {name: one for name, one in products_of(model) if may_leave(one)}
    if not products:
        return []
    looked_at = model.clone()
    outputs = {node.get_friendly_name(): node.output(0) for node in looked_at.get_ordered_ops()}
    names = list(dict.fromkeys(one.values for one in products.values()))
    added = [looked_at.add_outputs(outputs[name]) for name in names]
    compiled = openvino.compile_model(looked_at, "CPU")
    places = {name: len(compiled.outputs) - len(added) + place for place, name in enumerate(names)}
    wanted = {one.read: one for one in products.values()}
    tables: dict = {}
    for photos in calls:
        found = compiled(photos)
        for one in wanted.values():
            note(tables, one, found[places[one.values]])
    highest = {read: at_least(table) for read, table in tables.items()}
    return [name for name, one in products.items() if (largest_sums(one, highest[one.read]) > LARGEST_SUM).any()]


def may_leave(one: Product) -> bool:
    """Whether any pair of its weights could, with the largest values that there are."""
    everything = np.full((1, LEVELS), LEVELS - 1, np.int16)
    return bool((largest_sums(one, everything) > LARGEST_SUM).any())


def products_of(model: openvino.Model) -> Iterator[tuple[str, Product]]:
    """The layers that such processors compute by pairs, by their names."""
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind not in ("Convolution", "GroupConvolution", "MatMul"):
            continue
        quantiser, stored = node.input_value(0).get_node(), integers_of(node.input_value(1).get_node())
        levels = unsigned(quantiser)
        if levels is None or stored is None:
            continue
        paired = as_paired(node, stored)
        if paired is None:
            continue
        scale, zero = levels
        yield (
            node.get_friendly_name(),
            Product(
                values=quantiser.input_value(0).get_node().get_friendly_name(),
                scale=scale,
                zero_point=zero,
                weight=node.get_friendly_name(),
                axis=0,
                weights=paired,
                groups=stored.shape[0] if kind == "GroupConvolution" else 1,
                last=kind == "MatMul",
            ),
        )


def unsigned(node: openvino.Node) -> tuple[float, int] | None:
    """The step and the zero point of a quantisation of values to 0 to 255; None for another."""
    if node.get_type_name() != "FakeQuantize" or node.get_attributes()["levels"] != LEVELS:
        return None
    ends = [node.input_value(place).get_node() for place in (1, 2)]
    if any(end.get_type_name() != "Constant" or np.size(end.data) != 1 for end in ends):
        return None
    low, high = (float(np.reshape(end.data, -1)[0]) for end in ends)
    # -128 to 127: symmetric, and signed.
    if low < 0 and abs(low * (LEVELS / 2 - 1) + high * (LEVELS / 2)) < 1e-3 * high * LEVELS:
        return None
    scale = (high - low) / (LEVELS - 1)
    return (scale, int(np.clip(np.rint(-low / scale), 0, LEVELS - 1))) if scale > 0 else None


def integers_of(node: openvino.Node) -> np.ndarray | None:
    """The integers that a layer's weights are widened from, in the layer's shape; None where they are none."""
    shape = tuple(node.get_output_shape(0))
    while node.get_type_name() in WIDENING:
        node = node.input_value(0).get_node()
    if node.get_type_name() != "Constant" or node.get_element_type() != openvino.Type.i8:
        return None
    return np.array(node.data).reshape(shape)


def as_paired(node: openvino.Node, stored: np.ndarray) -> np.ndarray | None:
    """Weights as [channels, positions, values]; None for what adds in 32 bits, and for another form."""
    kind = node.get_type_name()
    if kind == "Convolution":
        return of_convolution(stored) if stored.ndim == 4 else None
    if kind == "GroupConvolution":
        # [groups, channels of a group, values, ...]; depthwise ones have kernels of their own.
        whole = stored.reshape(-1, *stored.shape[2:])
        return of_convolution(whole) if stored.ndim == 5 and whole.shape[1] > 1 else None
    if stored.ndim != 2:
        return None
    return (stored if node.get_attributes()["transpose_b"] else stored.T)[:, None, :]
