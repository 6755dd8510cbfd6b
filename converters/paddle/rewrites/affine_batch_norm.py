"""`affine-batch-norm`: a normalisation without factors or summands gets them: ones and zeros."""

from collections.abc import Iterable

import numpy as np
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, arguments
from edgeworker.rewrite import Rewrite

_NEUTRAL = {"Scale": 1.0, "Bias": 0.0}


class AffineBatchNorm(Rewrite[ProgramGraph, Op]):
    """Paddle leaves `Scale` or `Bias` away where a layer was built without (`weight_attr=False`), as AdaFace's is.

    paddle2onnx 1.3.1 ends the process on it ("Cannot find input: Scale in operator: batch_norm"), and Paddle Lite's
    opt dies of a segmentation fault.
    """

    name = "affine-batch-norm"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every `batch_norm` that lacks one of the two."""
        return (
            op
            for op in graph.ops({"batch_norm"})
            if not all(arguments(op.desc.inputs, parameter) for parameter in _NEUTRAL)
        )

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """The mean is a parameter, which says how many channels there are."""
        (mean,) = arguments(match.desc.inputs, "Mean") or [""]
        return None if mean in graph.parameters else f"{match.place} has a mean {mean} that is no parameter"

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Store what is neutral, and name it."""
        (mean,) = arguments(match.desc.inputs, "Mean") or [""]
        for parameter, number in _NEUTRAL.items():
            if not arguments(match.desc.inputs, parameter):
                value = np.full_like(graph.stored(mean), number)
                name = graph.add_parameter(f"{mean}.{parameter.lower()}", value)
                slot = next((slot for slot in match.desc.inputs if slot.parameter == parameter), None)
                (slot or match.desc.inputs.add(parameter=parameter)).arguments.append(name)
