"""`plain-unbind`: the slices along one dimension, each by a slice of its own."""

from collections.abc import Iterable

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, arguments, attribute
from edgeworker.rewrite import Rewrite


class PlainUnbind(Rewrite[ProgramGraph, Op]):
    """`unbind` (also `unstack`) is as many slices that drop the dimension.

    Paddle Lite 2.13's x86 kernel writes beyond its memory: "malloc(): invalid size" on [3, 1, 4, 9, 8]. OpenVINO's
    Paddle front end lacks both.
    """

    name = "plain-unbind"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every `unbind` and `unstack`."""
        return graph.ops({"unbind", "unstack"})

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """A dimension of known extent, with an output for each."""
        (source,) = arguments(match.desc.inputs, "X") or [""]
        extent, results = graph.shape(source)[attribute(match, "axis") or 0], match.desc.outputs[0].arguments
        return None if extent == len(results) else f"{match.place} takes {len(results)} of {extent} slices"

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Cut out what somebody reads."""
        (source,) = arguments(match.desc.inputs, "X") or [""]
        axis = (attribute(match, "axis") or 0) % len(graph.shape(source))
        building = graph.building(match)
        for place, result in enumerate(match.desc.outputs[0].arguments):
            if graph.readers(result):
                bounds = {"axes": [axis], "starts": [place], "ends": [place + 1]}
                building.add(
                    "slice", {"Input": source}, into=result, **bounds, decrease_axis=[axis], infer_flags=[1]
                )  # fmt: skip
        building.finish()
