"""What rewrites ask of a convolution: its attributes, its variables, and whether it is no more than its kernels."""

from typing import Any

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import FP32, Op, arguments, attribute

USUAL = {
    "strides": [1, 1],
    "paddings": [0, 0],
    "dilations": [1, 1],
    "groups": 1,
    "data_format": "NCHW",
    "padding_algorithm": "EXPLICIT",
}
"""What an attribute is where the operator does not say."""


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
