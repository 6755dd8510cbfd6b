"""One node's shapes with fewer dimensions: what stays together becomes one dimension, and ones go."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx_graph import OnnxGraph, attribute

# ncnn's Mat: w, h, d, c. The batch is not stored.
DIMENSIONS = 4

# What only gives the same elements another shape.
VIEWS = ("Reshape", "Squeeze", "Unsqueeze", "Flatten")
# What computes every element from those at its own place.
_ELEMENTWISE = (
    *("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min"),
    *("Abs", "Clip", "Erf", "Exp", "Gelu", "Identity", "Log", "Neg", "Reciprocal", "Sqrt", "Tanh"),
    *("Elu", "HardSigmoid", "HardSwish", "LeakyRelu", "Relu", "Sigmoid"),
)
_REDUCTIONS = ("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum")


@dataclass(frozen=True)
class Plan:
    """One node with fewer dimensions."""

    inputs: dict[int, list[int]]
    """Number of an input -> the shape to give it; the others stay as they are."""
    outputs: list[list[int]]
    attributes: dict[str, Any] = field(default_factory=dict)
    """To be set."""
    constants: dict[int, np.ndarray] = field(default_factory=dict)
    """Number of an input -> the constant to give it."""
    view: bool = False
    """Whether the node only gives the same elements another shape."""


Planner = Callable[[OnnxGraph, onnx.NodeProto, list[list[int]], list[list[int]]], Plan | str]


def plan(graph: OnnxGraph, node: onnx.NodeProto) -> Plan | str:
    """The node with fewer dimensions, or why there is no such node."""
    for name in (*node.input, *node.output):
        if name and graph.shape(name) is None:
            return f"the shape of {name!r} is not known"
    inputs = [graph.shape(name) or [] for name in node.input]
    outputs = [graph.shape(name) or [] for name in node.output]
    planner = _PLANNERS.get(node.op_type)
    if planner is None:
        return "it is not known to do the same with fewer dimensions"
    if len(outputs) > 1 and node.op_type != "Split":
        return "it has several outputs"
    return planner(graph, node, inputs, outputs)


def _runs(shape: Sequence[int], kinds: Sequence[Hashable], kept: Sequence[int] = ()) -> list[list[int]]:
    """The axes of `shape` in runs that may be counted as one: side by side, of one kind; ones go, but `kept`."""
    runs: list[list[int]] = []
    for axis, (size, kind) in enumerate(zip(shape, kinds, strict=True)):
        if size == 1 and axis not in kept:
            continue
        if runs and kind == kinds[runs[-1][-1]] and axis not in kept:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    return runs


def _sizes(shape: Sequence[int], runs: Sequence[Sequence[int]]) -> list[int]:
    """A first 1, which pnnx takes for the batch, and one size for each run."""
    return [1, *(prod(shape[axis] for axis in run) for run in runs)]


def _along(shape: Sequence[int], axes: Sequence[int]) -> tuple[list[list[int]], list[int]] | str:
    """Runs with each of `axes` on its own, and the places of these among the lowered dimensions."""
    marked = {axis % len(shape) for axis in axes}
    runs = _runs(shape, [axis if axis in marked else -1 for axis in range(len(shape))], sorted(marked))
    if len(runs) > DIMENSIONS:
        return f"{len(runs)} dimensions stay apart in it, and ncnn has {DIMENSIONS}"
    return runs, [index + 1 for index, run in enumerate(runs) if run[0] in marked]


def moved_runs(shape: Sequence[int], perm: Sequence[int]) -> list[list[int]]:
    """The axes that a Transpose leaves side by side, in runs, in the order afterwards. Axes of one element are none."""
    order = [axis for axis in perm if shape[axis] != 1]
    axes = sorted(order)
    runs: list[list[int]] = []
    for axis in order:
        follows = runs and axes.index(axis) == axes.index(runs[-1][-1]) + 1
        runs[-1].append(axis) if follows else runs.append([axis])
    return runs


def _view(_graph: OnnxGraph, _node: onnx.NodeProto, _inputs: list[list[int]], outputs: list[list[int]]) -> Plan:
    return Plan({}, outputs, view=True)


def _transpose(_graph: OnnxGraph, node: onnx.NodeProto, inputs: list[list[int]], _: list[list[int]]) -> Plan | str:
    """Without ones; dimensions that stay side by side as one."""
    (shape,) = inputs
    perm = attribute(node, "perm", list(range(len(shape)))[::-1])
    runs = moved_runs(shape, perm)
    if len(runs) > DIMENSIONS:
        return f"it moves {len(runs)} dimensions apart, and ncnn has {DIMENSIONS}"
    if len(runs) < 2:
        return Plan({}, [[shape[axis] for axis in perm]], view=True)
    before = sorted(runs)
    places = [before.index(run) for run in runs]
    moved = [0, *(place + 1 for place in places)]
    return Plan({0: _sizes(shape, before)}, [_sizes(shape, runs)], {"perm": moved})


def _matmul(_graph: OnnxGraph, _node: onnx.NodeProto, inputs: list[list[int]], outputs: list[list[int]]) -> Plan | str:
    """Rows times one matrix; or pairs of matrices, counted through."""
    (left, right), (output,) = inputs, outputs
    if len(left) < 2 or len(right) < 2:
        return "one of its factors is a vector"
    if prod(right[:-2]) == 1:
        rows = prod(left[:-1])
        matrix = {} if len(right) == 2 else {1: [1, *right[-2:]]}
        return Plan({0: [1, rows, left[-1]], **matrix}, [[1, rows, output[-1]]])
    if left[:-2] != right[:-2]:
        return f"its factors {left} and {right} are not pairs of matrices"
    count = prod(left[:-2])
    return Plan({0: [1, count, *left[-2:]], 1: [1, count, *right[-2:]]}, [[1, count, *output[-2:]]])


def _elementwise(
    graph: OnnxGraph, node: onnx.NodeProto, inputs: list[list[int]], outputs: list[list[int]]
) -> Plan | str:
    """Rows of the last axis where that will do; else one dimension for all axes along which the same inputs repeat."""
    (output,) = outputs
    if (rows := _rows(graph, node, inputs, output)) is not None:
        return rows
    whole = [[1] * (len(output) - len(shape)) + shape for shape in inputs]
    if [max(sizes) for sizes in zip(*whole, strict=True)] != output:
        return f"its inputs {inputs} do not become {output}"
    kinds = [tuple(size != 1 for size in sizes) for sizes in zip(*whole, strict=True)]
    runs = _runs(output, kinds)
    if len(runs) > DIMENSIONS:
        return f"its inputs {inputs} repeat along {len(runs)} dimensions, and ncnn has {DIMENSIONS}"
    lowered = {index: _sizes(shape, runs) for index, shape in enumerate(whole) if prod(shape) > 1}
    return Plan(lowered, [_sizes(output, runs)])


def _rows(
    graph: OnnxGraph, node: onnx.NodeProto, shapes: list[list[int]], whole: list[int], reduced: bool | None = None
) -> Plan | None:
    """Rows of the last axis, counted as where they come from; `reduced`: the last axis stays as 1 (True), or goes."""
    lowered = [1, prod(whole[:-1]), whole[-1]]
    for name, shape in zip(node.input, shapes, strict=True):
        origin = graph.shape(source(graph, name))
        if shape == whole and origin and _fits(origin) and origin[-1] == whole[-1]:
            lowered = origin
            break
    inputs: dict[int, list[int]] = {}
    for position, shape in enumerate(shapes):
        if shape == whole:
            inputs[position] = lowered
        elif shape == [*whole[:-1], 1]:
            inputs[position] = [*lowered[:-1], 1]
        elif prod(shape[:-1]) == 1:
            inputs[position] = shape[-1:]  # without the ones before it
        else:
            return None
    if reduced is None:
        return Plan(inputs, [lowered])
    return Plan({0: lowered}, [[*lowered[:-1], 1] if reduced else lowered[:-1]])


def _reduction(graph: OnnxGraph, node: onnx.NodeProto, inputs: list[list[int]], outputs: list[list[int]]) -> Plan | str:
    """Along the last axis in rows; else what is reduced in runs of its own."""
    shape, (output,) = inputs[0], outputs
    as_input = len(node.input) > 1
    given = graph.constant(node.input[1]) if as_input else np.array(attribute(node, "axes", []), np.int64)
    if given is None or given.size == 0:
        return "it works along axes that are not said"
    axes = sorted(int(axis) % len(shape) for axis in given)
    rows = _rows(graph, node, inputs[:1], shape, len(output) == len(shape)) if axes == [len(shape) - 1] else None
    if rows is not None:
        lowered, inside, attributes = rows, [-1], {}
    else:
        runs = _runs(shape, [axis in axes for axis in range(len(shape))])
        if len(runs) > DIMENSIONS:
            return f"{len(runs)} dimensions stay apart in it, and ncnn has {DIMENSIONS}"
        inside = [index + 1 for index, run in enumerate(runs) if run[0] in axes]
        left = [run for run in runs if run[0] not in axes]
        lowered, attributes = Plan({0: _sizes(shape, runs)}, [_sizes(shape, left)]), {"keepdims": 0}
    if as_input:
        return Plan(lowered.inputs, lowered.outputs, attributes, {1: np.array(inside, np.int64)})
    return Plan(lowered.inputs, lowered.outputs, attributes | {"axes": inside})


def _softmax(graph: OnnxGraph, node: onnx.NodeProto, inputs: list[list[int]], _: list[list[int]]) -> Plan | str:
    (shape,) = inputs
    if graph.opset < 13:
        axis = attribute(node, "axis", 1) % len(shape)
        if axis != len(shape) - 1:
            return f"it works along [{axis}] and all that follow, as before opset 13"
    axis = attribute(node, "axis", -1) % len(shape)
    if axis == len(shape) - 1 and (rows := _rows(graph, node, inputs, shape)) is not None:
        return Plan(rows.inputs, rows.outputs, {"axis": -1})
    found = _along(shape, [axis])
    if isinstance(found, str):
        return found
    runs, (place,) = found
    sizes = _sizes(shape, runs)
    return Plan({0: sizes}, [sizes], {"axis": place})


def _layer_norm(graph: OnnxGraph, node: onnx.NodeProto, inputs: list[list[int]], _: list[list[int]]) -> Plan | str:
    axis = attribute(node, "axis", -1)
    if axis not in (-1, len(inputs[0]) - 1):
        return f"it works along [{axis}] and all that follow, and only the last axis is left alone by what is merged"
    rows = _rows(graph, node, inputs, inputs[0])
    return (
        "its factors are not those of the last axis" if rows is None else Plan(rows.inputs, rows.outputs, {"axis": -1})
    )


def _slice(graph: OnnxGraph, node: onnx.NodeProto, inputs: list[list[int]], outputs: list[list[int]]) -> Plan | str:
    shape, (output,) = inputs[0], outputs
    given = graph.constant(node.input[3]) if len(node.input) > 3 and node.input[3] else None
    if given is None:
        return "its axes are no constants"
    axes = [int(axis) % len(shape) for axis in given]
    found = _along(shape, axes)
    if isinstance(found, str):
        return found
    runs, places = found
    by_axis = dict(zip(sorted(axes), places, strict=True))
    return Plan(
        {0: _sizes(shape, runs)}, [_sizes(output, runs)], constants={3: np.array([by_axis[axis] for axis in axes])}
    )


def _one_axis(graph: OnnxGraph, node: onnx.NodeProto, inputs: list[list[int]], outputs: list[list[int]]) -> Plan | str:
    """Concat and Split, and Gather of one number, which takes its axis away."""
    longest = (outputs if node.op_type == "Concat" else inputs)[0]
    found = _along(longest, [attribute(node, "axis", 0)])
    if isinstance(found, str):
        return found
    runs, (place,) = found
    if node.op_type == "Gather":
        if inputs[1]:
            return "its numbers are a list"
        kept = [run for index, run in enumerate(runs) if index + 1 != place]
        return Plan({0: _sizes(longest, runs)}, [_sizes(longest, kept)], {"axis": place})
    parted = range(len(inputs)) if node.op_type == "Concat" else range(1)
    return Plan(
        {index: _sizes(inputs[index], runs) for index in parted},
        [_sizes(output, runs) for output in outputs],
        {"axis": place},
    )


_PLANNERS: dict[str, Planner] = {
    **dict.fromkeys(VIEWS, _view),
    **dict.fromkeys(_ELEMENTWISE, _elementwise),
    **dict.fromkeys(_REDUCTIONS, _reduction),
    **dict.fromkeys(("Concat", "Gather", "Split"), _one_axis),
    "LayerNormalization": _layer_norm,
    "MatMul": _matmul,
    "Slice": _slice,
    "Softmax": _softmax,
    "Transpose": _transpose,
}


def source(graph: OnnxGraph, name: str) -> str:
    """The value that has the elements of `name` first, before any change of its shape."""
    while (node := graph.producer(name)) is not None and node.op_type in VIEWS:
        name = node.input[0]
    return name


def _fits(shape: Sequence[int]) -> bool:
    """Whether a value may come as it is: the batch first, then rows in one, two or three dimensions."""
    return 2 < len(shape) <= DIMENSIONS + 1 and shape[0] == 1
