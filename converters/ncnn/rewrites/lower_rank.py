"""Values of many dimensions with fewer: what stays together becomes one dimension, and ones go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
from edgeworker.rewrite import Rewrite
from onnx import helper
from onnx_graph import OnnxGraph, attribute, place

# ncnn's Mat: w, h, d, c. The batch is not stored.
_DIMENSIONS = 4

# What only gives the same elements another shape.
_VIEWS = ("Reshape", "Squeeze", "Unsqueeze", "Flatten")
# What computes every element from those at its own place.
_ELEMENTWISE = (
    *("Add", "Sub", "Mul", "Div", "Pow"),
    *("Erf", "Exp", "Gelu", "Identity", "Neg", "Sqrt", "Tanh"),
    *("HardSigmoid", "HardSwish", "LeakyRelu", "Relu", "Sigmoid"),
)
# What works along one axis, and on each row of it alone.
_ALONG_AN_AXIS = ("LayerNormalization", "ReduceMean", "Softmax")


@dataclass(frozen=True)
class Plan:
    """One node with fewer dimensions."""

    inputs: dict[int, list[int]]
    """Number of an input -> the shape to give it; the others stay as they are."""
    output: list[int]
    perm: list[int] | None = None
    """A Transpose's; one that moves only ones is a view, and has none."""


class LowerRank(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it ncnn cannot load what pnnx makes of attention in windows.

    A window partition, [1, H, W, C] as [1, H/7, 7, W/7, 7, C] with the second and third dimension swapped, has
    five dimensions besides the batch, and so has everything computed on its result up to its undoing. ncnn's Mat
    has four. pnnx leaves `Tensor.reshape` layers behind, which ncnn does not know (alt_gvt_small: 45).

    Few of those dimensions matter. Where two adjacent ones stay adjacent through a Transpose they are one, which
    makes the partition [1, H/7, 7, W/7, 7 * C]; a product, a softmax or a sum does not care how the rows in front
    of it are counted. So every node that reads or writes too many dimensions gets a Reshape before and after it,
    and a Reshape that reads another's result reads that one's source instead: none of the long shapes is left.

    The first dimension stays 1, since pnnx takes it for the batch and drops it. (It learns from a convolution or a
    normalisation which dimension that is; in a graph without any the 1 counts as one of the four.)
    """

    name = "lower-rank"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every node that reads or writes more dimensions than ncnn has."""
        return (
            node
            for node in graph.model.graph.node
            if any(_too_many(graph, name) for name in (*node.input, *node.output))
        )

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this node keeps its dimensions, or None."""
        plan = _plan(graph, match)
        return f"{place(match)}: {plan}" if isinstance(plan, str) else None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """Reshapes around the node; its output keeps its name, its shape and its values."""
        plan = _plan(graph, match)
        assert not isinstance(plan, str)
        output = match.output[0]
        shape = graph.shape(output)
        assert shape is not None
        for position, wanted in plan.inputs.items():
            graph.connect(match, position, _shaped(graph, match.input[position], wanted, match))
        if plan.perm is not None:
            _set(match, perm=plan.perm)
        elif match.op_type in _ALONG_AN_AXIS:
            _name_last_axis(graph, match)
        elif match.op_type in (*_VIEWS, "Transpose"):
            _replace(graph, match, _source(graph, match.input[0]), shape)
            return
        if plan.output != shape:
            result = graph.fresh_name(f"{output}.lowered")
            graph.rename_output(match, 0, result, plan.output)
            graph.reshape(result, output, shape, match, after=True)


def _plan(graph: OnnxGraph, node: onnx.NodeProto) -> Plan | str:
    """The node with fewer dimensions, or why there is no such node."""
    for name in (port.name for port in graph.model.graph.input if graph.constant(port.name) is None):
        if (graph.shape(name) or [1])[0] != 1:
            return f"only a batch of 1 may be left out, and the input {name!r} is {graph.shape(name)}"
    for name in (*node.input, *node.output):
        if name and graph.shape(name) is None:
            return f"the shape of {name!r} is not known"
    shapes = [graph.shape(name) or [] for name in node.input]
    output = graph.shape(node.output[0]) or []
    if len(node.output) > 1:
        return "it has several outputs"
    if node.op_type in _VIEWS:
        return Plan({}, output)
    if node.op_type == "Transpose":
        return _transpose(shapes[0], attribute(node, "perm", list(range(len(output)))[::-1]))
    if node.op_type == "MatMul":
        return _matmul(shapes[0], shapes[1], output)
    if node.op_type in _ELEMENTWISE:
        return _rows(graph, node, shapes, output)
    if node.op_type in _ALONG_AN_AXIS:
        axes = _axes(graph, node)
        if axes not in ([-1], [len(shapes[0]) - 1]):
            return f"it works along {axes}, and only the last axis is left alone by what is merged"
        return _rows(graph, node, shapes, shapes[0], kept=len(output) == len(shapes[0]))
    return "it is not known to do the same with fewer dimensions"


def _transpose(shape: list[int], perm: list[int]) -> Plan | str:
    """Without ones; dimensions that stay side by side as one."""
    order = [axis for axis in perm if shape[axis] != 1]
    axes = sorted(order)
    runs: list[list[int]] = []
    for axis in order:
        follows = runs and axes.index(axis) == axes.index(runs[-1][-1]) + 1
        runs[-1].append(axis) if follows else runs.append([axis])
    if len(runs) > _DIMENSIONS:
        return f"it moves {len(runs)} dimensions apart, and ncnn has {_DIMENSIONS}"
    if len(runs) < 2:
        return Plan({}, [shape[axis] for axis in perm])
    before = sorted(runs)
    sizes = [prod(shape[axis] for axis in run) for run in before]
    places = [before.index(run) for run in runs]
    return Plan({0: [1, *sizes]}, [1, *(sizes[place] for place in places)], [0, *(place + 1 for place in places)])


def _matmul(left: list[int], right: list[int], output: list[int]) -> Plan | str:
    """Rows times one matrix; or pairs of matrices, counted through."""
    if len(left) < 2 or len(right) < 2:
        return "one of its factors is a vector"
    if len(right) == 2:
        rows = prod(left[:-1])
        return Plan({0: [1, rows, left[-1]]}, [1, rows, output[-1]])
    if left[:-2] != right[:-2]:
        return f"its factors {left} and {right} are not pairs of matrices"
    count = prod(left[:-2])
    return Plan({0: [1, count, *left[-2:]], 1: [1, count, *right[-2:]]}, [1, count, *output[-2:]])


def _rows(
    graph: OnnxGraph, node: onnx.NodeProto, shapes: list[list[int]], whole: list[int], kept: bool | None = None
) -> Plan | str:
    """Rows of the last axis, counted as where they come from; `kept`: the axis ends as 1 (True), or goes (False)."""
    lowered = [1, prod(whole[:-1]), whole[-1]]
    for name, shape in zip(node.input, shapes, strict=True):
        source = graph.shape(_source(graph, name))
        if shape == whole and source and _fits(source) and source[-1] == whole[-1]:
            lowered = source
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
            return f"its input {node.input[position]!r} is {shape}, which is neither {whole} nor the same for all rows"
    if node.op_type != "ReduceMean":
        return Plan(inputs, lowered)
    return Plan({0: lowered}, [*lowered[:-1], 1] if kept else lowered[:-1])


def _axes(graph: OnnxGraph, node: onnx.NodeProto) -> list[int]:
    """The axes that a node works along."""
    if node.op_type == "ReduceMean":
        given = graph.constant(node.input[1]) if len(node.input) > 1 else None
        return attribute(node, "axes", []) if given is None else given.tolist()
    default = 1 if node.op_type == "Softmax" and graph.opset < 13 else -1
    return [attribute(node, "axis", default)]


def _name_last_axis(graph: OnnxGraph, node: onnx.NodeProto) -> None:
    if node.op_type != "ReduceMean":
        _set(node, axis=-1)
    elif len(node.input) > 1:
        graph.connect(node, 1, graph.add_constant(f"{node.output[0]}.axes", np.array([-1], np.int64)))
    else:
        _set(node, axes=[-1])


def _too_many(graph: OnnxGraph, name: str) -> bool:
    rank, shape = graph.rank(name) or 0, graph.shape(name)
    # A leading 1 is the batch, which ncnn does not store.
    return rank > _DIMENSIONS + 1 or (rank == _DIMENSIONS + 1 and (shape is None or shape[0] != 1))


def _fits(shape: Sequence[int]) -> bool:
    """Whether a value may come as it is: the batch first, then rows in one, two or three dimensions."""
    return 2 < len(shape) <= _DIMENSIONS + 1 and shape[0] == 1


def _source(graph: OnnxGraph, name: str) -> str:
    """The value that has the elements of `name` first, before any change of its shape."""
    while (node := graph.producer(name)) is not None and node.op_type in _VIEWS:
        name = node.input[0]
    return name


def _shaped(graph: OnnxGraph, name: str, shape: Sequence[int], reader: onnx.NodeProto) -> str:
    """A value with the elements of `name` and the given shape: one there is already, or a new one."""
    if (constant := graph.constant(name)) is not None and constant.shape != tuple(shape):
        return graph.add_constant(f"{name}.reshaped", constant.reshape(shape))
    source = _source(graph, name)
    if graph.shape(source) == list(shape):
        return source
    for node in graph.readers(source):
        if node.op_type == "Reshape" and graph.shape(node.output[0]) == list(shape) and graph.precedes(node, reader):
            return node.output[0]
    return graph.reshape(source, graph.fresh_name(f"{name}.reshaped"), shape, reader)


def _replace(graph: OnnxGraph, view: onnx.NodeProto, source: str, shape: Sequence[int]) -> None:
    """Let those that read a view read its source, in the view's shape."""
    output = view.output[0]
    if graph.shape(source) == list(shape) and not graph.is_output(output):
        for reader in graph.readers(output):
            for position, name in enumerate(reader.input):
                if name == output:
                    graph.connect(reader, position, source)
    else:
        graph.rename_output(view, 0, graph.fresh_name(f"{output}.unread"), shape)
        graph.reshape(source, output, shape, view)


def _set(node: onnx.NodeProto, **attributes: int | list[int]) -> None:
    for attr in [attr for attr in node.attribute if attr.name in attributes]:
        node.attribute.remove(attr)
    node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
