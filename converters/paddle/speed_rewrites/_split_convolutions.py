"""The pattern of mixed and split convolutions: channels are cut apart, convolved side by side, and joined again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, arguments, attribute

from ._convolutions import first, first_result, more_than_kernels, said

CONVOLUTIONS = ("conv2d", "depthwise_conv2d")


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
