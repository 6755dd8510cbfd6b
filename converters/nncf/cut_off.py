"""Layers of an INT8 network whose sums leave 16 bits on processors without VNNI (`edgeworker.pair_sums`), by name.

A layer of OpenVINO's CPU plugin is one whose activation comes from a FakeQuantize of 256 levels, with nothing but what
moves values between, and whose weights are integers that are widened and scaled. Its kernels for AVX2 multiply unsigned
activations as they are, and signed ones after 128 was added.
"""

# A type checker without these packages takes folders of their names for them.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterable, Iterator

import numpy as np
import openvino
from edgeworker.pair_sums import LEVELS, Product, Read, at_least, beyond, note, of_convolution
from read_ir import weighted

Tables = dict[Read, np.ndarray]
WIDENING = ("Convert", "Multiply", "Reshape")
MOVING = (
    "MaxPool", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Split", "VariadicSplit", "StridedSlice", "Slice", "Pad",
)  # fmt: skip
"""What values go through as they are; zeros that are padded too."""


def pair_tables(model: openvino.Model, calls: Iterable[np.ndarray]) -> Tables:
    """What pairs of values the calls give the layers whose weights could have such sums, by what these read."""
    products = [one for _, one in products_of(model) if may_leave(one)]
    if not products:
        return {}
    looked_at = model.clone()
    read = {node.get_friendly_name(): node.input_value(0) for node in weighted(looked_at)}
    wanted = {one.read: one for one in products}
    added = looked_at.add_outputs([read[one.weight] for one in wanted.values()])
    first = len(looked_at.outputs) - len(added)
    compiled = openvino.compile_model(looked_at, "CPU")
    tables: Tables = {}
    for photos in calls:
        found = compiled(photos)
        for place, one in enumerate(wanted.values()):
            note(tables, one, found[first + place])
    return {read: at_least(table) for read, table in tables.items()}


def sums_beyond(model: openvino.Model, tables: Tables, margin: float = 1.0) -> dict[str, np.ndarray]:
    """The layers of which some channel's sums leave 16 bits, in the model's order: by how much `margin` times a sum is
    beyond, [channels].
    """
    found = {}
    for name, one in products_of(model):
        # What is not in the tables could not leave 16 bits with smaller steps either.
        if one.read in tables:
            factor = beyond(one, tables[one.read], margin)
            if (factor > 1).any():
                found[name] = factor
    return found


def may_leave(one: Product) -> bool:
    """Whether any pair of its weights could, with the largest values that there are."""
    everything = np.full((1, LEVELS), LEVELS - 1, np.int16)
    return bool((beyond(one, everything, 1.0) > 1).any())


def products_of(model: openvino.Model) -> Iterator[tuple[str, Product]]:
    """The layers that such processors compute by pairs, by their names."""
    for node in weighted(model):
        source, stored = node.input_value(0), integers_of(node.input_value(1).get_node())
        kind = node.get_type_name()
        levels = codes_of(source.get_node())
        paired = None if stored is None else as_paired(node, stored)
        if levels is None or stored is None or paired is None:
            continue
        yield (
            node.get_friendly_name(),
            Product(
                values=f"{source.get_node().get_friendly_name()}:{source.get_index()}",
                scale=levels[0],
                zero_point=levels[1],
                weight=node.get_friendly_name(),
                axis=0,
                weights=paired,
                # The first axis of its weights.
                groups=stored.shape[0] if kind == "GroupConvolution" else 1,
                last=kind == "MatMul",
            ),
        )


def codes_of(node: openvino.Node) -> tuple[float, int] | None:
    """The step and the zero point of values as kernels multiply them, 0 to 255; None of what is not so quantised."""
    while node.get_type_name() in MOVING:
        node = node.input_value(0).get_node()
    if node.get_type_name() != "FakeQuantize" or node.get_attributes()["levels"] != LEVELS:
        return None
    ends = [node.input_value(place).get_node() for place in (1, 2)]
    if any(end.get_type_name() != "Constant" or np.size(end.data) != 1 for end in ends):
        return None
    low, high = (float(np.reshape(end.data, -1)[0]) for end in ends)
    scale = (high - low) / (LEVELS - 1)
    if not scale > 0:
        return None
    return scale, int(np.clip(np.rint(-low / scale), 0, LEVELS - 1))


def integers_of(node: openvino.Node) -> np.ndarray | None:
    """The integers that a layer's weights are widened from, in the layer's shape; None where they are none."""
    shape = tuple(node.get_output_shape(0))
    stored = constant_behind(node)
    if stored is None or stored.get_element_type() != openvino.Type.i8:
        return None
    return np.array(stored.data).reshape(shape)


def constant_behind(node: openvino.Node) -> openvino.Node | None:
    """The constant that weights are widened, scaled or reshaped from; None where they are computed otherwise."""
    while node.get_type_name() in WIDENING:
        node = node.input_value(0).get_node()
    return node if node.get_type_name() == "Constant" else None


def as_paired(node: openvino.Node, stored: np.ndarray) -> np.ndarray | None:
    """Weights as [channels, positions, values]; None for what adds in 32 bits, and for another form."""
    kind = node.get_type_name()
    if kind == "Convolution":
        return of_convolution(stored) if stored.ndim == 4 else None
    if kind == "GroupConvolution":
        # [groups, channels of a group, values, ...]; depthwise ones have kernels of their own.
        whole = stored.reshape(-1, *stored.shape[2:])
        return of_convolution(whole) if stored.ndim == 5 and whole.shape[1] > 1 else None
    if (
        kind != "MatMul"
        or stored.ndim < 2
        or node.get_attributes()["transpose_a"]
        or any(extent != 1 for extent in stored.shape[:-2])
    ):
        return None
    matrix = stored.reshape(stored.shape[-2:])
    return (matrix if node.get_attributes()["transpose_b"] else matrix.T)[:, None, :]
