"""`exact-division`: quotients as products with the reciprocal."""

from collections.abc import Iterable

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import FP32, Op, arguments, attribute
from edgeworker.rewrite import Rewrite


class ExactDivision(Rewrite[ProgramGraph, Op]):
    """x / y is x times `reciprocal` of y.

    Paddle Lite 2.13's ARM kernel for `elementwise_div` multiplies by an estimate of the reciprocal, off by up to 8.2e-6
    (`div_ps`); that for `reciprocal` divides, and two roundings are left.
    """

    name = "exact-division"
    only = "arm"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every `elementwise_div`."""
        return graph.ops({"elementwise_div"})

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """Of numbers with a fraction: whole ones have no reciprocal."""
        for name in [*(arguments(match.desc.inputs, "X") or []), *(arguments(match.desc.inputs, "Y") or [])]:
            if graph.data_type(name) != FP32:
                return f"{match.place} divides what is not FP32"
        return None

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Put the two operators in its place; the product is broadcast as the quotient was."""
        (x,), (y,) = (arguments(match.desc.inputs, slot) or [""] for slot in ("X", "Y"))
        (result,) = match.desc.outputs[0].arguments
        building = graph.building(match)
        inverse = building.add("reciprocal", {"X": y}, graph.shape(y))
        axis = attribute(match, "axis")
        building.add("elementwise_mul", {"X": x, "Y": inverse}, into=result, axis=-1 if axis is None else axis)
        building.finish()
