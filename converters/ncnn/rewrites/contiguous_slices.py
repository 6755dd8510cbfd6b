"""Every second element, or third, by cuts that leave nothing out in between."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
from edgeworker.rewrite import Rewrite
from onnx_graph import OnnxGraph, place


@dataclass(frozen=True)
class Cut:
    """What a Slice takes along one axis: the elements `start`, `start + step`, ..., `count` of them."""

    axis: int
    start: int
    step: int
    count: int


class ContiguousSlices(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it pnnx leaves layers that ncnn does not know.

    ncnn's Crop takes elements side by side. Of a slice with a step (LeViT keeps every second row and column of its
    tokens) pnnx says "slice with step 2 is not supported" and leaves a `Tensor.slice`.

    Counted as [count, step], the elements that stay are the first column: a Reshape and a Slice without a step. Where
    the last row would reach beyond the end, its element is cut out on its own and appended.
    """

    name = "contiguous-slices"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every Slice with a step other than 1."""
        return (node for node in graph.model.graph.node if node.op_type == "Slice" and _steps(graph, node))

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this Slice keeps its steps, or None."""
        if graph.shape(match.input[0]) is None:
            return f"{place(match)}: the shape of {match.input[0]!r} is not known"
        if any(name and graph.constant(name) is None for name in list(match.input)[1:]):
            return f"{place(match)}: its bounds are no constants"
        steps = _steps(graph, match)
        if any(step < 1 for step in steps):
            return f"{place(match)}: it goes backwards (steps {steps})"
        if any(cut.count == 0 for cut in _cuts(graph, match)):
            return f"{place(match)}: nothing is left of {match.input[0]!r}"
        return None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """One axis after the other, counted as [1, what is before it, the axis, what is after it]."""
        output, value = match.output[0], match.input[0]
        shape = list(graph.shape(value) or [])
        wanted = graph.shape(output)
        graph.rename_output(match, 0, graph.fresh_name(f"{output}.strided"), wanted)
        name = lambda suffix: graph.fresh_name(f"{output}.{suffix}")  # noqa: E731
        for cut in _cuts(graph, match):
            size, after = shape[cut.axis], prod(shape[cut.axis + 1 :])
            value = graph.counted(value, f"{output}.counted", [1, prod(shape[: cut.axis]), size, after], match)
            value = _every(graph, value, cut, name("taken"), match)
            shape[cut.axis] = cut.count
        graph.reshape(value, output, shape, match)


def _every(graph: OnnxGraph, value: str, cut: Cut, output: str, beside: onnx.NodeProto) -> str:
    """`cut`, along axis 2 of a value of rank 4."""
    _, before, size, after = graph.shape(value) or []
    name = lambda suffix: graph.fresh_name(f"{output}.{suffix}")  # noqa: E731
    if cut.step == 1 or cut.count == 1:
        return graph.slice(value, output, 2, cut.start, cut.start + cut.count, beside)
    rows = cut.count if cut.start + cut.count * cut.step <= size else cut.count - 1
    stop = cut.start + rows * cut.step
    part = value
    if (cut.start, stop) != (0, size):
        part = graph.slice(value, name("part"), 2, cut.start, stop, beside)
    part = graph.counted(part, f"{output}.rows", [1, before, rows, cut.step * after], beside)
    first = graph.slice(part, output if rows == cut.count else name("first"), 3, 0, after, beside)
    if rows == cut.count:
        return first
    last = graph.slice(value, name("last"), 2, stop, stop + 1, beside)
    return graph.add("Concat", [first, last], output, [1, before, cut.count, after], beside, axis=2)


def _steps(graph: OnnxGraph, node: onnx.NodeProto) -> list[int]:
    """The steps of a Slice, where one of them is not 1."""
    steps = graph.constant(node.input[4]) if len(node.input) > 4 and node.input[4] else None
    return [] if steps is None or np.all(steps == 1) else steps.tolist()


def _cuts(graph: OnnxGraph, node: onnx.NodeProto) -> list[Cut]:
    """Along every axis of which not all is taken."""
    shape = graph.shape(node.input[0]) or []
    starts, stops, axes, steps = (graph.constant(name) if name else None for name in list(node.input)[1:5])
    assert starts is not None
    assert stops is not None
    assert steps is not None
    numbers = range(len(starts)) if axes is None else axes.tolist()
    cuts = []
    for axis, start, stop, step in zip(numbers, starts.tolist(), stops.tolist(), steps.tolist(), strict=True):
        axis %= len(shape)
        taken = range(*slice(start, stop, step).indices(shape[axis]))
        if len(taken) != shape[axis]:
            cuts.append(Cut(axis, taken.start, taken.step, len(taken)))
    return cuts
