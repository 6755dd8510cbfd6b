"""`lower-reduction-rank`: reductions of tensors with more than four dimensions, in three."""

from collections.abc import Iterable
from math import prod

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, arguments, attribute
from edgeworker.rewrite import Rewrite

HIGHEST = 4
_TYPES = ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod")


class LowerReductionRank(Rewrite[ProgramGraph, Op]):
    """Take the dimensions before, in and behind the reduced ones together: [before, reduced, behind].

    Paddle Lite 2.13's x86 kernels have cases for up to four dimensions and do nothing beyond: the result is what was
    in that memory, silently (sum, mean and maximum, tried on rank 5 and 6). RedNet sums tensors of rank 6.
    """

    name = "lower-reduction-rank"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every reduction of a tensor of rank 5 or more."""
        return (op for op in graph.ops(_TYPES) if len(graph.shape(_source(op))) > HIGHEST)

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """Neighbouring dimensions are reduced, and at most one extent is open, before them."""
        shape, axes = graph.shape(_source(match)), _axes(graph, match)
        if axes != list(range(axes[0], axes[-1] + 1)):
            return f"{match.place} reduces the dimensions {axes}, which are no neighbours"
        if any(extent < 0 for extent in shape[axes[0] :]) or sum(extent < 0 for extent in shape) > 1:
            return f"{match.place} reduces a tensor of open extents, {shape}"
        return None

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Reshape, reduce the middle one of three dimensions, reshape."""
        source, (result,) = _source(match), match.desc.outputs[0].arguments
        shape, axes = graph.shape(source), _axes(graph, match)
        before = shape[: axes[0]]
        first = -1 if min(before, default=0) < 0 else prod(before)
        middle, behind = prod(shape[axes[0] : axes[-1] + 1]), prod(shape[axes[-1] + 1 :])
        building = graph.building(match)
        h = building.reshape(source, [first, middle, behind])
        h = building.add(
            match.desc.type, {"X": h}, [first, behind], dim=[1], keep_dim=False, reduce_all=False, in_dtype=-1,
            out_dtype=-1,
        )  # fmt: skip
        building.reshape(h, graph.shape(result), into=result)
        building.finish()


def _source(op: Op) -> str:
    return (arguments(op.desc.inputs, "X") or [""])[0]


def _axes(graph: ProgramGraph, op: Op) -> list[int]:
    """The reduced dimensions, in order."""
    rank = len(graph.shape(_source(op)))
    chosen = attribute(op, "dim") or []
    every = attribute(op, "reduce_all") or not chosen
    return list(range(rank)) if every else sorted(axis % rank for axis in chosen)
