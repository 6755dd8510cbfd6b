"""A sum along one axis as the mean along it, times how many there are."""

from collections.abc import Iterable

import numpy as np
import onnx
from edgeworker.rewrite import Rewrite
from onnx import TensorProto
from onnx_graph import OnnxGraph, attribute, place

# From this opset on the axes of a mean are an input too.
_MEAN_TAKES_AXES = 18


class SumOfOneAxis(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it ncnn sums nothing, and nothing says so.

    From opset 13 on the axes of a ReduceSum are an input. pnnx reads a constant of one element as a number where it
    expects a list, and writes a Reduction along no axis (`-23303=0`): RedNet's involution, x / sqrt(sum(x * x)).
    Two axes are a list, and so is the attribute of a ReduceMean.
    """

    name = "sum-of-one-axis"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every ReduceSum along one axis that is an input."""
        for node in graph.model.graph.node:
            if node.op_type == "ReduceSum" and len(node.input) > 1:
                axes = graph.constant(node.input[1])
                if axes is not None and axes.size == 1:
                    yield node

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this sum stays, or None."""
        if graph.shape(match.input[0]) is None or graph.shape(match.output[0]) is None:
            return f"{place(match)}: the shape of {match.input[0]!r} is not known"
        if graph.opset >= _MEAN_TAKES_AXES:
            return f"{place(match)}: in opset {graph.opset} the axes of a mean are an input too"
        if graph.element_type(match.input[0]) != TensorProto.FLOAT:
            return f"{place(match)}: {match.input[0]!r} are no FP32 numbers"
        return None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """The output keeps its name, its shape and its values but for the rounding."""
        axes = graph.constant(match.input[1])
        shape, output = graph.shape(match.input[0]) or [], match.output[0]
        wanted = graph.shape(output) or []
        assert axes is not None
        axis = int(axes.item()) % len(shape)
        graph.rename_output(match, 0, graph.fresh_name(f"{output}.summed"), wanted)
        keep = attribute(match, "keepdims", 1)
        name = graph.fresh_name(f"{output}.mean")
        mean = graph.add("ReduceMean", [match.input[0]], name, wanted, match, axes=[axis], keepdims=keep)
        count = graph.add_constant(f"{output}.count", np.array(shape[axis], np.float32))
        graph.add("Mul", [mean, count], output, wanted, match)
