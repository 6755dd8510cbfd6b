"""`auto_pad` written out as numbers, in the form that pnnx and ncnn get right."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import onnx
from edgeworker.rewrite import Rewrite
from onnx import helper
from onnx_graph import OnnxGraph, place

_POOLS = ("AveragePool", "MaxPool")


@dataclass(frozen=True)
class Axis:
    """One spatial axis of a window: all in elements."""

    size: int
    kernel: int
    """With its dilation: from the first element to the last."""
    stride: int

    def windows(self) -> int:
        """How many windows SAME makes, as ONNX defines it."""
        return -(-self.size // self.stride)

    def padding(self, auto_pad: str) -> tuple[int, int]:
        """Before and after, as ONNX defines it."""
        if auto_pad == "VALID":
            return 0, 0
        total = max((self.windows() - 1) * self.stride + self.kernel - self.size, 0)
        less, more = total // 2, total - total // 2
        return (less, more) if auto_pad == "SAME_UPPER" else (more, less)

    def real_elements(self, before: int, after: int) -> np.ndarray:
        """How many elements of each window are not padding: one number a window (no dilation)."""
        starts = np.arange(0, self.size + before + after - self.kernel + 1, self.stride) - before
        return np.minimum(starts + self.kernel, self.size) - np.maximum(starts, 0)


class ExplicitPoolPadding(Rewrite[OnnxGraph, onnx.NodeProto]):
    """Without it ncnn's numbers are wrong, and nothing says so.

    paddle2onnx writes Paddle's `padding="SAME"` average pool (the shortcut of every ResNet `_vd`) as
    auto_pad=SAME_UPPER with ceil_mode=1. pnnx pads such a pool by one more row and column than ONNX does, and
    ncnn, rounding up, makes one more window. A Conv with SAME_LOWER it does not lower at all.

    Equal padding on both sides becomes `pads`. Unequal padding on a pool becomes a Pad of its own, since pnnx
    leaves such an average pool as it is and gives such a maximum pool the wrong size: filled with the lowest
    number for MaxPool; for AveragePool with zeros and, where the padding does not count, followed by a
    factor for each window: its elements over those that are real.
    """

    name = "explicit-pool-padding"

    def matches(self, graph: OnnxGraph) -> Iterable[onnx.NodeProto]:
        """Every pool and convolution whose padding is left to the engine."""
        return (
            node for node in graph.model.graph.node if node.op_type in (*_POOLS, "Conv") and _auto_pad(node) != "NOTSET"
        )

    def check(self, graph: OnnxGraph, match: onnx.NodeProto) -> str | None:
        """Why this node keeps its `auto_pad`, or None."""
        shape = graph.shape(match.input[0])
        if shape is None or len(shape) < 3:
            return f"{place(match)}: the shape of its input {match.input[0]!r} is unknown, and so is the padding"
        if match.op_type == "Conv":
            return None if graph.shape(match.input[1]) else f"{place(match)}: the shape of its kernel is not known"
        axes, auto_pad = _axes(graph, match), _auto_pad(match)
        if auto_pad == "VALID":
            overhang = any((axis.size - axis.kernel) % axis.stride for axis in axes)
            if _integer(match, "ceil_mode", 0) and overhang:
                # By the standard's formula there is no last, partial window; ONNX Runtime computes one.
                return f"{place(match)}: with VALID and ceil_mode, standard and engines disagree on the last window"
            return None
        windows = [axis.windows() for axis in axes]
        inferred = graph.shape(match.output[0])
        if inferred is not None and inferred[2:] != windows:
            # onnx's shape inference errs with ceil_mode where the stride is larger than the window. What follows
            # would then be computed from a wrong size.
            return f"{place(match)}: it makes {windows} windows and shape inference says {inferred[2:]}"
        if all(before == after for before, after in (axis.padding(auto_pad) for axis in axes)):
            return None
        if graph.opset < 11:
            return f"{place(match)}: opset {graph.opset} has no Pad with its amounts as an input (11 is the first)"
        if len(match.output) > 1:
            return f"{place(match)}: its indices would count the padding"
        if match.op_type == "AveragePool" and any(value != 1 for value in _integers(match, "dilations", axes)):
            return f"{place(match)}: a dilated average over padding is not written out"
        return None

    def apply(self, graph: OnnxGraph, match: onnx.NodeProto) -> None:
        """Replace `auto_pad`; the output keeps its name and its values."""
        axes, auto_pad = _axes(graph, match), _auto_pad(match)
        padding = [axis.padding(auto_pad) for axis in axes]
        outside = match.op_type != "Conv" and any(before != after for before, after in padding)
        if outside:
            _pad_outside(graph, match, axes, padding)
            padding = [(0, 0)] * len(axes)
        _remove(match, "auto_pad", "pads", "ceil_mode")
        before_all, after_all = [before for before, _ in padding], [after for _, after in padding]
        match.attribute.append(helper.make_attribute("pads", before_all + after_all))


def _pad_outside(graph: OnnxGraph, node: onnx.NodeProto, axes: list[Axis], padding: list[tuple[int, int]]) -> None:
    before, after = [0, 0, *(b for b, _ in padding)], [0, 0, *(a for _, a in padding)]
    average = node.op_type == "AveragePool"
    # The lowest finite number: -inf would become NaN where an engine multiplies it by zero.
    fill = 0.0 if average else float(np.finfo(np.float32).min)
    amounts = graph.add_constant(f"{node.output[0]}.pads", np.array([*before, *after], np.int64))
    value = graph.add_constant(f"{node.output[0]}.fill", np.array(fill, np.float32))
    padded = graph.fresh_name(f"{node.output[0]}.padded")
    pad = helper.make_node("Pad", [node.input[0], amounts, value], [padded], name=padded, mode="constant")
    graph.insert(pad, beside=node)
    graph.connect(node, 0, padded)
    if average and not _integer(node, "count_include_pad", 0):
        factors = np.ones([1] * len(axes))
        for position, (axis, (low, high)) in enumerate(zip(axes, padding, strict=True)):
            along = [-1 if other == position else 1 for other in range(len(axes))]
            factors = factors * (axis.kernel / axis.real_elements(low, high)).reshape(along)
        scale = graph.add_constant(f"{node.output[0]}.real", factors[None, None].astype(np.float32))
        result = node.output[0]
        graph.rename_output(node, 0, graph.fresh_name(f"{result}.sum"), graph.shape(result))
        multiply = helper.make_node("Mul", [node.output[0], scale], [result], name=f"{result}.scaled")
        graph.insert(multiply, beside=node, after=True)
    _remove(node, "count_include_pad")


def _axes(graph: OnnxGraph, node: onnx.NodeProto) -> list[Axis]:
    shape = graph.shape(node.input[0])
    assert shape is not None  # `check` saw to it
    sizes = shape[2:]
    kernels = _integers(node, "kernel_shape", sizes)
    if node.op_type == "Conv":
        weight = graph.shape(node.input[1])
        assert weight is not None
        kernels = weight[2:]
    strides, dilations = _integers(node, "strides", sizes), _integers(node, "dilations", sizes)
    return [
        Axis(size, (kernel - 1) * dilation + 1, stride)
        for size, kernel, stride, dilation in zip(sizes, kernels, strides, dilations, strict=True)
    ]


def _auto_pad(node: onnx.NodeProto) -> str:
    return next((attr.s.decode() for attr in node.attribute if attr.name == "auto_pad"), "NOTSET")


def _integer(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((attr.i for attr in node.attribute if attr.name == name), default)


def _integers(node: onnx.NodeProto, name: str, per_axis: list) -> list[int]:
    """A list attribute with one number for each spatial axis; 1 for each where it is absent."""
    return next((list(attr.ints) for attr in node.attribute if attr.name == name), [1] * len(per_axis))


def _remove(node: onnx.NodeProto, *names: str) -> None:
    for attr in [attr for attr in node.attribute if attr.name in names]:
        node.attribute.remove(attr)
