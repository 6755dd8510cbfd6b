"""`exact-softmax`: softmax along the last axis, for which Paddle Lite's ARM kernel divides."""

from collections.abc import Iterable

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, arguments, attribute
from edgeworker.rewrite import Rewrite


class ExactSoftmax(Rewrite[ProgramGraph, Op]):
    """A softmax along another axis than the last is one along the last, between two transpositions.

    Paddle Lite 2.13's ARM kernel divides by the sum where nothing lies behind the axis (softmax_inner1 in
    lite/backends/arm/math/softmax.cc); in every other case it takes an estimate of the reciprocal, off by up to 8.2e-6.
    `opt` makes one operator of transposition, softmax and transposition where the softmax's axis is written as -1, so
    it is counted from the front.
    """

    name = "exact-softmax"
    only = "arm"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every softmax that is not, or would not stay, one along the last axis."""
        return (op for op in graph.ops({"softmax"}) if not _is_last(graph, op) or _would_be_fused(graph, op))

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """It always applies."""
        return None

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Swap the axis with the last one, and back."""
        (x,), (result,) = arguments(match.desc.inputs, "X") or [""], match.desc.outputs[0].arguments
        shape = graph.shape(x)
        last = len(shape) - 1
        building = graph.building(match)
        if _is_last(graph, match):
            building.add("softmax", {"X": x}, into=result, axis=last)
        else:
            axis = _axis(graph, match)
            order = list(range(last + 1))
            order[axis], order[last] = last, axis
            h = building.transpose(x, order)
            h = building.add("softmax", {"X": h}, graph.shape(h), axis=last)
            building.transpose(h, order, into=result)
        building.finish()


def _axis(graph: ProgramGraph, op: Op) -> int:
    """Which one it is along, from the front."""
    (x,) = arguments(op.desc.inputs, "X") or [""]
    axis = attribute(op, "axis")
    return (-1 if axis is None else axis) % len(graph.shape(x))


def _is_last(graph: ProgramGraph, op: Op) -> bool:
    (x,) = arguments(op.desc.inputs, "X") or [""]
    return _axis(graph, op) == len(graph.shape(x)) - 1


def _would_be_fused(graph: ProgramGraph, op: Op) -> bool:
    """Whether it lies between two transpositions, with -1 for its axis."""
    (x,) = arguments(op.desc.inputs, "X") or [""]
    writer, readers = graph.writer(x), graph.readers(op.desc.outputs[0].arguments[0])
    around = [*([writer] if writer else []), *readers]
    return attribute(op, "axis") == -1 and len(around) == 2 and {one.desc.type for one in around} == {"transpose2"}
