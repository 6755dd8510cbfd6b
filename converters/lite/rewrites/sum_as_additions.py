"""`sum-as-additions`: the sum of several tensors, one after the other."""

from collections.abc import Iterable

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, arguments
from edgeworker.rewrite import Rewrite


class SumAsAdditions(Rewrite[ProgramGraph, Op]):
    """`paddle.add_n` exports `sum`, for which Paddle Lite 2.13 has no kernel on x86 (ResNeSt adds its splits so)."""

    name = "sum-as-additions"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every `sum`."""
        return graph.ops({"sum"})

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """Two tensors or more, of one shape, as `add_n` has them."""
        terms = arguments(match.desc.inputs, "X") or []
        if len(terms) < 2:
            return f"{match.place} adds {len(terms)} tensor(s)"
        if len({tuple(graph.shape(term)) for term in terms}) > 1:
            return f"{match.place} adds tensors of several shapes"
        return None

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """The first two, and each other one to what there is."""
        first, *others = arguments(match.desc.inputs, "X") or []
        (result,) = match.desc.outputs[0].arguments
        building, total = graph.building(match), first
        for number, term in enumerate(others, 1):
            into = result if number == len(others) else ""
            total = building.add("elementwise_add", {"X": total, "Y": term}, graph.shape(first), into=into, axis=-1)
        building.finish()
