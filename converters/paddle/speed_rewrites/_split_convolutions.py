"""The pattern of mixed and split convolutions: channels are cut apart, convolved side by side, and joined again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import FP32, Op, arguments, attribute

CONVOLUTIONS = ("conv2d", "depthwise_conv2d")
USUAL = {
    "strides": [1, 1],
    "paddings": [0, 0],
    "dilations": [1, 1],
    "groups": 1,
    "data_format": "NCHW",
    "padding_algorithm": "EXPLICIT",
}
"""What an attribute is where the operator does not say."""


@dataclass(frozen=True)
class SplitConvolutions:
    """`split` along the channels, a convolution for each part in order, and the `concat` of what they give."""

    split: Op
    convolutions: tuple[Op, ...]
    concat: Op

    @property
    def source(self) -> str:
        """What is split."""
        return first(self.split, "X")

    @property
    def result(self) -> str:
        """What the concatenation writes."""
        return self.concat.desc.outputs[0].arguments[0]

    def kernels(self, graph: ProgramGraph) -> list[np.ndarray]:
        """The weights in order, [out, in / groups, kh, kw] each."""
        return [graph.stored(first(conv, "Filter")) for conv in self.convolutions]

    def replace(self, graph: ProgramGraph, kernels: np.ndarray, **changed: Any) -> None:
        """Put one convolution with `kernels` in the place of all; its attributes are the first one's but `changed`."""
        names = ("strides", "dilations", "data_format", "padding_algorithm")
        attributes = {name: said(self.convolutions[0], name) for name in names} | changed
        weight = graph.add_parameter(f"{self.result}.kernels", kernels)
        for op in (self.split, *self.convolutions):
            graph.replace(op, [])
        building = graph.building(self.concat)
        kind = "depthwise_conv2d" if kernels.shape[1] == 1 and len(kernels) == changed["groups"] else "conv2d"
        inputs = {"Input": self.source, "Filter": weight}
        building.add(kind, inputs, slot="Output", into=self.result, **attributes)
        building.finish()


def split_convolutions(graph: ProgramGraph) -> Iterator[tuple[Op, Sequence[Op | None], Op]]:
    """Every `split` of which each part goes into a convolution first, what those are, and the `concat` behind them.

    Where a part goes elsewhere there is None in the place of its convolution; `reason_against` says so.
    """
    for split in graph.ops({"split"}):
        parts = next((slot.arguments for slot in split.desc.outputs if slot.parameter == "Out"), [])
        readers = [[op for op in graph.readers(part) if op.desc.type in CONVOLUTIONS] for part in parts]
        convolutions = [found[0] if found else None for found in readers]
        behind = [op for conv in convolutions if conv for op in graph.readers(first_result(conv))]
        concat = next((op for op in behind if op.desc.type == "concat"), None)
        if concat is not None:
            yield split, convolutions, concat


def reason_against(graph: ProgramGraph, split: Op, convolutions: Sequence[Op | None], concat: Op) -> str | None:
    """Why the pattern is none here: parts that go elsewhere, results in between that somebody reads, other axes."""
    if any(conv is None for conv in convolutions):
        return f"{split.place} has a part that no convolution reads"
    convs = [conv for conv in convolutions if conv is not None]
    parts = next(slot.arguments for slot in split.desc.outputs if slot.parameter == "Out")
    results = [first_result(conv) for conv in convs]
    for op in (split, concat):
        if (attribute(op, "axis") or 0) % 4 != 1 or len(graph.shape(first(op, "X"))) != 4:
            return f"{op.place} is not along the channels of a picture"
        if arguments(op.desc.inputs, "AxisTensor"):
            return f"{op.place} takes its axis from a tensor"
    if arguments(concat.desc.inputs, "X") != results:
        return f"{concat.place} does not put together just what the convolutions give, in their order"
    for name in (*parts, *results):
        if len(graph.readers(name)) != 1:
            return f"{name} in the middle of it is read elsewhere, too"
    for conv in convs:
        if reason := more_than_kernels(graph, conv):
            return reason
    for name in ("strides", "dilations"):
        if len({tuple(said(conv, name)) for conv in convs}) > 1:
            return f"the convolutions before {concat.place} have different {name}"
    return None


def more_than_kernels(graph: ProgramGraph, conv: Op) -> str | None:
    """Why a convolution is more than its kernels: a bias or a quantisation of its own, kernels that others share."""
    weight = first(conv, "Filter")
    if weight not in graph.parameters and weight not in graph.changed_parameters:
        return f"{conv.place} has kernels that are no parameter"
    if graph.data_type(weight) != FP32:
        return f"{conv.place} has kernels that are not in FP32: it is quantised"
    if len(graph.readers(weight)) != 1:
        return f"{conv.place} shares its kernels {weight}"
    if any(slot.arguments for slot in conv.desc.inputs if slot.parameter not in ("Input", "Filter")):
        return f"{conv.place} reads more than a picture and kernels"
    if attribute(conv, "fuse_activation") or attribute(conv, "with_quant_attr"):
        return f"{conv.place} is fused with an activation, or quantised"
    if said(conv, "data_format") not in ("NCHW", "AnyLayout"):
        return f"{conv.place} has its channels last"
    if said(conv, "padding_algorithm") != "EXPLICIT":
        return f"{conv.place} has the padding {said(conv, 'padding_algorithm')}"
    return None


def paddings(conv: Op) -> tuple[int, int, int, int]:
    """Top, bottom, left, right."""
    sides = attribute(conv, "paddings") or [0]
    top, bottom, left, right = sides if len(sides) == 4 else (sides[0], sides[0], sides[-1], sides[-1])
    return top, bottom, left, right


def said(conv: Op, name: str) -> Any:
    """An attribute of a convolution, or what it is where nothing is said."""
    found = attribute(conv, name)
    return USUAL[name] if found in (None, []) else found


def first(op: Op, slot: str) -> str:
    """The first variable in an input slot; an empty text without one."""
    return next(iter(arguments(op.desc.inputs, slot) or []), "")


def first_result(conv: Op) -> str:
    """What a convolution writes."""
    return next(iter(arguments(conv.desc.outputs, "Output") or []), "")
