"""A Pad that says with what it pads."""

from collections.abc import Iterable

import onnx
from edgeworker.rewrite import Rewrite
from onnx import helper
from onnx_graph import OnnxGraph, attribute, place

# From this opset on the amounts are an input.
_AMOUNTS_AS_INPUT = 11


class ExplicitPad(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it pnnx leaves a Pad, which ncnn does not know.

    ONNX's default is mode="constant", and paddle2onnx leaves it out where `unfold` pads (RedNet,
    TNT). pnnx takes a Pad only with its mode: "ignore Pad ... param pads".
    """

    name = "explicit-pad"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every Pad without a mode."""
        return (
            node for node in graph.model.graph.node if node.op_type == "Pad" and attribute(node, "mode", None) is None
        )

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this Pad stays as it is, or None."""
        if graph.opset >= _AMOUNTS_AS_INPUT and graph.constant(match.input[1]) is None:
            return f"{place(match)}: how much it pads is computed"
        return None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """The mode that it has by default."""
        match.attribute.append(helper.make_attribute("mode", "constant"))
