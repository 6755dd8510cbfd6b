"""Values of many dimensions with fewer: what stays together becomes one dimension, and ones go."""

from collections.abc import Iterable, Sequence
from typing import Any

import onnx
from edgeworker.rewrite import Rewrite
from onnx import helper
from onnx_graph import OnnxGraph, place

from ._rank_plans import DIMENSIONS, Plan, plan, source

# With fewer dimensions a value is a vector, and no batch comes first.
_TABLE = 2
# What works on images, one after the other: here the first dimension is the batch, as pnnx takes it.
_OF_IMAGES = (
    *("AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "GlobalAveragePool", "InstanceNormalization"),
    *("MaxPool", "Resize"),
)


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
    normalisation which dimension that is; in a graph without any the 1 counts as one of the four.) Where windows
    come first instead, [64, 49, C] (Swin), pnnx takes these for the batch, so they get a 1 before them.
    """

    name = "lower-rank"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every node that reads or writes more dimensions than ncnn has, or such whose first one is not the batch."""
        return (
            node for node in graph.model.graph.node if any(_unfit(graph, name) for name in (*node.input, *node.output))
        )

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this node keeps its dimensions, or None."""
        found = _plan(graph, match)
        return f"{place(match)}: {found}" if isinstance(found, str) else None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """Reshapes around the node; its outputs keep their names, shapes and values."""
        found = _plan(graph, match)
        assert not isinstance(found, str)
        shapes = [graph.shape(output) or [] for output in match.output]
        if found.view:
            _replace(graph, match, source(graph, match.input[0]), shapes[0])
            return
        for position, wanted in found.inputs.items():
            if match.input[position]:  # one that may be left out has no name
                graph.connect(match, position, _shaped(graph, match.input[position], wanted, match))
        for position, constant in found.constants.items():
            graph.connect(match, position, graph.add_constant(f"{match.output[0]}.constant", constant))
        _set(match, found.attributes)
        for position, (lowered, shape) in enumerate(zip(found.outputs, shapes, strict=True)):
            if lowered != shape:
                output = match.output[position]
                result = graph.fresh_name(f"{output}.lowered")
                graph.rename_output(match, position, result, lowered)
                graph.reshape(result, output, shape, match, after=True)


def _plan(graph: OnnxGraph, node: onnx.NodeProto) -> Plan | str:
    for name in (port.name for port in graph.model.graph.input if graph.constant(port.name) is None):
        if (graph.shape(name) or [1])[0] != 1:
            return f"only a batch of 1 may be left out, and the input {name!r} is {graph.shape(name)}"
    return plan(graph, node)


def _unfit(graph: OnnxGraph, name: str) -> bool:
    """Whether a value has more dimensions than ncnn, besides a first one of 1, or something else for the batch."""
    rank, shape = graph.rank(name) or 0, graph.shape(name)
    if rank > DIMENSIONS + 1:
        return True
    if graph.constant(name) is not None or rank < _TABLE:
        return False
    return rank == DIMENSIONS + 1 if shape is None else shape[0] != 1


def _shaped(graph: OnnxGraph, name: str, shape: Sequence[int], reader: onnx.NodeProto) -> str:
    """A value with the elements of `name` and the given shape: one there is already, or a new one."""
    if (constant := graph.constant(name)) is not None and constant.shape != tuple(shape):
        return graph.add_constant(f"{name}.reshaped", constant.reshape(shape))
    origin = source(graph, name)
    if graph.shape(origin) == list(shape):
        return origin
    for node in graph.readers(origin):
        if node.op_type == "Reshape" and graph.shape(node.output[0]) == list(shape) and graph.precedes(node, reader):
            return node.output[0]
    return graph.reshape(origin, graph.fresh_name(f"{name}.reshaped"), shape, reader)


def _replace(graph: OnnxGraph, view: onnx.NodeProto, origin: str, shape: Sequence[int]) -> None:
    """Let those that read a view read its source, in the view's shape."""
    output = view.output[0]
    if graph.shape(origin) == list(shape) and not graph.is_output(output):
        for reader in graph.readers(output):
            for position, name in enumerate(reader.input):
                if name == output:
                    graph.connect(reader, position, origin)
    else:
        graph.rename_output(view, 0, graph.fresh_name(f"{output}.unread"), shape)
        graph.reshape(origin, output, shape, view)


def _set(node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
    for attr in [attr for attr in node.attribute if attr.name in attributes]:
        node.attribute.remove(attr)
    node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
