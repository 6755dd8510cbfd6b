"""`swish-beta`: write out the `beta` that Paddle no longer stores."""

from collections.abc import Iterable

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, attribute, ops, set_float
from edgeworker.rewrite import Rewrite


class SwishBeta(Rewrite[ProgramGraph, Op]):
    """Give each `swish` the attribute `beta = 1.0`, which is what it computes without one: x * sigmoid(x).

    Paddle 2.6 dropped the attribute; Paddle Lite 2.13 demands it and ends the process:
    "No attributes called beta found for swish".
    """

    name = "swish-beta"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every `swish` that does not say `beta = 1.0`."""
        return (op for op in ops(graph.settled(), {"swish"}) if attribute(op, "beta") != 1.0)

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """A `beta` that is there already is the model's own and stays."""
        beta = attribute(match, "beta")
        return None if beta is None else f"{match.place} has a beta of its own, {beta:g}"

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Add the attribute."""
        set_float(match, "beta", 1.0)
