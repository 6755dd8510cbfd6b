"""`relu6-threshold`: write out the `threshold` that `paddle.static.save_inference_model` drops."""

from collections.abc import Iterable

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, attribute, ops, set_float
from edgeworker.rewrite import Rewrite

LIMIT = 6.0


class Relu6Threshold(Rewrite[ProgramGraph, Op]):
    """Give each `relu6` the attribute `threshold = 6.0`, which is what it computes without one: min(max(x, 0), 6).

    Paddle 2.6 counts it among the attributes that an exported program can do without; `paddle.jit.save` keeps it,
    `paddle.static.save_inference_model` does not. Paddle Lite 2.13 demands it and ends the process:
    "No attributes called threshold found for relu6".
    """

    name = "relu6-threshold"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every `relu6` that does not say `threshold = 6.0`."""
        return (op for op in ops(graph.settled(), {"relu6"}) if attribute(op, "threshold") != LIMIT)

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """A `threshold` that is there already is the model's own and stays."""
        threshold = attribute(match, "threshold")
        return None if threshold is None else f"{match.place} has a threshold of its own, {threshold:g}"

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Add the attribute."""
        set_float(match, "threshold", LIMIT)
