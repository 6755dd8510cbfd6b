"""A Transpose of many dimensions as several of a few each."""

from collections.abc import Iterable
from itertools import combinations
from math import prod

import onnx
from edgeworker.rewrite import Rewrite
from onnx_graph import OnnxGraph, attribute, place

from ._rank_plans import DIMENSIONS, moved_runs

# A search through all orders of more dimensions takes seconds.
_MOST = 7

Step = tuple[int, int, int]
"""Dimensions [first, second) and [second, end) change places."""


class StepwiseTranspose(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it pnnx leaves `Tensor.reshape` layers, which ncnn does not know.

    An image in patches with the channels first, [1, C, H/p, p, W/p, p] as [1, C, p, p, H/p, W/p] (TNT), moves five
    dimensions apart, and ncnn has four. Two blocks of dimensions that lie side by side change places with at most
    four: what is before them, the two, and what is after. Every order comes about in a few such steps.
    """

    name = "stepwise-transpose"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every Transpose that moves more dimensions apart than ncnn has."""
        for node in graph.model.graph.node:
            if node.op_type == "Transpose" and (graph.rank(node.input[0]) or 0) > DIMENSIONS:
                shape = graph.shape(node.input[0])
                if shape is None or len(_moved(shape, _perm(node, len(shape)))[0]) > DIMENSIONS:
                    yield node

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this Transpose stays, or None."""
        shape = graph.shape(match.input[0])
        if shape is None:
            return f"{place(match)}: the shape of {match.input[0]!r} is not known"
        count = len(_moved(shape, _perm(match, len(shape)))[0])
        return f"{place(match)}: it moves {count} dimensions apart; up to {_MOST} are moved" if count > _MOST else None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """The output keeps its name, its shape and its values."""
        output, value = match.output[0], match.input[0]
        shape = graph.shape(value) or []
        perm = _perm(match, len(shape))
        wanted = [shape[axis] for axis in perm]
        sizes, order = _moved(shape, perm)
        graph.rename_output(match, 0, graph.fresh_name(f"{output}.whole"), wanted)
        for first, second, end in _steps(order):
            blocks = (sizes[:first], sizes[first:second], sizes[second:end], sizes[end:])
            counted = [1, *(prod(block) for block in blocks)]
            value = graph.counted(value, f"{output}.counted", counted, match)
            name = graph.fresh_name(f"{output}.step")
            moved = [counted[axis] for axis in (0, 1, 3, 2, 4)]
            value = graph.add("Transpose", [value], name, moved, match, perm=[0, 1, 3, 2, 4])
            sizes = [*blocks[0], *blocks[2], *blocks[1], *blocks[3]]
        graph.reshape(value, output, wanted, match)


def _moved(shape: list[int], perm: list[int]) -> tuple[list[int], list[int]]:
    """The sizes of the runs of dimensions that stay side by side, in the order before, and their order afterwards."""
    runs = moved_runs(shape, perm)
    before = sorted(runs)
    return [prod(shape[axis] for axis in run) for run in before], [before.index(run) for run in runs]


def _steps(order: list[int]) -> list[Step]:
    """The fewest steps from 0, 1, 2, ... to `order`: a search in breadth."""
    start, goal = tuple(range(len(order))), tuple(order)
    ways: dict[tuple[int, ...], list[Step]] = {start: []}
    waiting = [start]
    while goal not in ways:
        now = waiting.pop(0)
        for first, second, end in combinations(range(len(order) + 1), 3):
            then = (*now[:first], *now[second:end], *now[first:second], *now[end:])
            if then not in ways:
                ways[then] = [*ways[now], (first, second, end)]
                waiting.append(then)
    return ways[goal]


def _perm(node: onnx.NodeProto, rank: int) -> list[int]:
    return attribute(node, "perm", list(range(rank))[::-1])
