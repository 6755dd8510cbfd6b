"""A Split that says how large its parts are, and makes none that nothing reads."""

from collections.abc import Iterable

import numpy as np
import onnx
from edgeworker.rewrite import Rewrite
from onnx import helper
from onnx_graph import OnnxGraph, attribute, place

# From this opset on the sizes are an input; before, an attribute.
_SIZES_AS_INPUT = 13


class ExplicitSplit(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it ncnn crashes, computes something else, or shows an output too many.

    paddle2onnx writes `paddle.split` into equal parts without their sizes. pnnx then writes a Slice layer without
    sizes and says "ignore Slice ... split_size_or_sections=None"; ncnn makes empty parts of it (MicroNet and CSWin:
    a segmentation fault at the first run). A part that nothing reads becomes an output of the network (CvT, which
    drops the class token that it cuts off).

    Sizes come from the shapes; a Split with an unread part becomes one Slice for each part that is read.
    """

    name = "explicit-split"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every Split without sizes, and every one with a part that nothing reads."""
        return (
            node
            for node in graph.model.graph.node
            if node.op_type == "Split" and (not _has_sizes(node) or len(_read(graph, node)) < len(node.output))
        )

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this Split stays as it is, or None."""
        unknown = next((name for name in (match.input[0], *match.output) if name and graph.shape(name) is None), None)
        return f"{place(match)}: the shape of {unknown!r} is not known" if unknown else None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """Every part that is read keeps its name and its values."""
        shape = graph.shape(match.input[0])
        assert shape is not None
        axis = attribute(match, "axis", 0) % len(shape)
        sizes = [(graph.shape(name) or [])[axis] for name in match.output]
        if len(_read(graph, match)) < len(match.output):
            _as_slices(graph, match, axis, sizes)
        elif graph.opset >= _SIZES_AS_INPUT:
            match.input.append(graph.add_constant(f"{match.output[0]}.sizes", np.array(sizes, np.int64)))
            for attr in [attr for attr in match.attribute if attr.name == "num_outputs"]:
                match.attribute.remove(attr)
        else:
            match.attribute.append(helper.make_attribute("split", sizes))


def _as_slices(graph: OnnxGraph, split: onnx.NodeProto, axis: int, sizes: list[int]) -> None:
    starts = np.cumsum([0, *sizes]).tolist()
    wanted = _read(graph, split)
    for position, name in enumerate(list(split.output)):
        if name in wanted:
            graph.rename_output(split, position, graph.fresh_name(f"{name}.unread"), graph.shape(name))
            graph.slice(split.input[0], name, axis, starts[position], starts[position + 1], split)


def _has_sizes(node: onnx.NodeProto) -> bool:
    return len(node.input) > 1 or attribute(node, "split", None) is not None


def _read(graph: OnnxGraph, node: onnx.NodeProto) -> list[str]:
    return [name for name in node.output if name and (graph.readers(name) or graph.is_output(name))]
