"""Elements taken by a constant list of numbers, as a few slices and what joins them."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import prod

import numpy as np
import onnx
from edgeworker.rewrite import Rewrite
from onnx_graph import OnnxGraph, attribute, place

# More slices than this are slower than they are worth, and the graph becomes unreadable.
_MOST_RUNS = 32

Run = tuple[int, int, int]
"""`start`, `step`, `count`."""


class GatherAsSlices(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it pnnx leaves a Gather, which ncnn does not know, or makes something else of it.

    A list of numbers along an axis is how paddle2onnx writes `index_select` (MicroNet's shuffle of channels) and
    `unfold` (RedNet, TNT). Numbers that follow each other are a Slice, several such runs a Concat of Slices. A
    shuffle in two levels, of groups and inside every group alike, is one such step for each level: MicroNet's
    needs four Slices, where it would be dozens in one level.
    """

    name = "gather-as-slices"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every Gather by a list of numbers from something that is computed."""
        for node in graph.model.graph.node:
            if node.op_type == "Gather" and graph.constant(node.input[0]) is None:
                index = graph.constant(node.input[1])
                if index is not None and index.ndim > 0 and index.size > 0:
                    yield node

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this Gather stays, or None."""
        shape = graph.shape(match.input[0])
        if shape is None:
            return f"{place(match)}: the shape of {match.input[0]!r} is not known"
        count = sum(len(_runs(numbers)) for _, numbers in _levels(_index(graph, match), _size(graph, match)))
        if count > _MOST_RUNS:
            return f"{place(match)}: its numbers are {count} runs; up to {_MOST_RUNS} are written as slices"
        return None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """The output keeps its name, its shape and its values."""
        output, value = match.output[0], match.input[0]
        shape = list(graph.shape(value) or [])
        axis = attribute(match, "axis", 0) % len(shape)
        index = _index(graph, match)
        wanted = [*shape[:axis], *index.shape, *shape[axis + 1 :]]
        graph.rename_output(match, 0, graph.fresh_name(f"{output}.gathered"), wanted)
        before, after = prod(shape[:axis]), prod(shape[axis + 1 :])
        levels = _levels(index, shape[axis])
        done = 1
        for position, (size, numbers) in enumerate(levels):
            below = prod(other for other, _ in levels[position + 1 :])
            value = graph.counted(value, f"{output}.counted", [1, before * done, size, below * after], match)
            value = _take(graph, value, _runs(numbers), graph.fresh_name(f"{output}.taken"), match)
            done *= numbers.size
        graph.reshape(value, output, wanted, match)


def _take(graph: OnnxGraph, value: str, runs: Sequence[Run], output: str, beside: onnx.NodeProto) -> str:
    """Runs along axis 2 of a value of rank 4, one after another."""
    shape = graph.shape(value) or []
    parts = []
    for start, step, count in runs:
        name = output if len(runs) == 1 else graph.fresh_name(f"{output}.part")
        stop = start + (count - 1) * step + 1
        parts.append(graph.slice(value, name, 2, start, stop, beside, step))
    if len(parts) == 1:
        return output
    total = sum(count for _, _, count in runs)
    return graph.add("Concat", parts, output, [*shape[:2], total, shape[3]], beside, axis=2)


def _levels(index: np.ndarray, size: int) -> list[tuple[int, np.ndarray]]:
    """One or two pairs of a size and the numbers taken of it, whose combinations are `index`; the least runs."""
    best = [(size, index)]
    for inner in (inner for inner in range(2, size) if size % inner == 0):
        for columns in (columns for columns in range(2, index.size) if index.size % columns == 0):
            table = index.reshape(-1, columns)
            outer_numbers, inner_numbers = table[:, 0] // inner, table[0] % inner
            if np.array_equal(table, outer_numbers[:, None] * inner + inner_numbers):
                levels = [(size // inner, outer_numbers), (inner, inner_numbers)]
                best = min(best, levels, key=lambda one: sum(len(_runs(numbers)) for _, numbers in one))
    return best


def _runs(numbers: np.ndarray) -> list[Run]:
    """Numbers side by side together; a whole row of a table with a step of its own is one run too."""
    found: list[Run] = []
    for row in numbers.reshape(-1, numbers.shape[-1]).tolist():
        steps = {second - first for first, second in pairwise(row)}
        if len(steps) == 1 and (step := steps.pop()) > 1:
            found.append((row[0], step, len(row)))
            continue
        for number in row:
            start, step, count = found[-1] if found else (0, 0, 0)
            if found and step == 1 and number == start + count:
                found[-1] = (start, 1, count + 1)
            else:
                found.append((number, 1, 1))
    return found


def _size(graph: OnnxGraph, node: onnx.NodeProto) -> int:
    shape = graph.shape(node.input[0]) or []
    return shape[attribute(node, "axis", 0) % len(shape)]


def _index(graph: OnnxGraph, node: onnx.NodeProto) -> np.ndarray:
    """Counted from the front."""
    index = graph.constant(node.input[1])
    assert index is not None
    return np.where(index < 0, index + _size(graph, node), index)
