"""`plain-set-value`: writing into a part of a tensor, in slices and concatenations."""

from collections.abc import Iterable, Sequence

from edgeworker.paddle_graph import Building, ProgramGraph
from edgeworker.paddle_program import Op, arguments
from edgeworker.paddle_values import VALUE_LISTS, Call, Unknown, set_region
from edgeworker.rewrite import Rewrite


class PlainSetValue(Rewrite[ProgramGraph, Op]):
    """`x[:, :27] = value` is what is before the part, the value, and what is after it, put together.

    paddle2onnx 1.3.1 ends the process on a `set_value` with numbers ("Cannot found attribute fp32_values") and turns
    one with a tensor into ScatterElements, which pnnx leaves to ncnn as a layer it does not know (ReXNet, TNT).
    """

    name = "plain-set-value"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every `set_value`."""
        return graph.ops({"set_value"})

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """A part without gaps or new axes, whose bounds are known, and a value of its shape or one number."""
        try:
            bounds = part(graph, match)
        except Unknown:
            return f"{match.place} writes to a part that is not known beforehand"
        if bounds is None:
            return f"{match.place} writes to every second element or the like, or takes an axis away"
        if tensor := arguments(match.desc.inputs, "ValueTensor"):
            if graph.shape(tensor[0]) != part_shape(graph, match, bounds):
                return f"{match.place} repeats its value {graph.shape(tensor[0])}"
        elif number(graph, match) is None:
            return f"{match.place} writes several numbers"
        return None

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Cut along the first axis of the part; within the middle piece, along the next one."""
        bounds = part(graph, match)
        assert bounds is not None  # `check` has seen it
        building = graph.building(match)
        ((source,), (result,)) = (slot.arguments for slot in (_slot(match.desc.inputs, "Input"), match.desc.outputs[0]))
        self.pieces(building, source, bounds, 0, result)
        building.finish()

    def pieces(self, building: Building, source: str, bounds: Sequence[tuple[int, int]], axis: int, into: str) -> str:
        """`source` with the value in its part, which all axes before `axis` are cut to already."""
        graph, shape = building.graph, building.graph.shape(source)
        if any(start == end for start, end in bounds):
            return building.add("assign", {"X": source}, into=into)  # nothing is written
        while axis < len(shape) and bounds[axis] == (0, shape[axis]):
            axis += 1
        if axis == len(shape):
            return self.value(building, source, into)
        start, end = bounds[axis]
        middle = building.cut(source, axis, start, end)
        pieces = [self.pieces(building, middle, bounds, axis + 1, "")]
        if start > 0:
            pieces.insert(0, building.cut(source, axis, 0, start))
        if end < shape[axis]:
            pieces.append(building.cut(source, axis, end, shape[axis]))
        return building.add("concat", {"X": pieces}, graph.shape(source), like=source, into=into, axis=axis)

    def value(self, building: Building, region: str, into: str) -> str:
        """What is written, of the shape of `region`."""
        graph, match = building.graph, building.op
        if tensor := arguments(match.desc.inputs, "ValueTensor"):
            return building.add("assign", {"X": tensor[0]}, into=into) if into else tensor[0]
        filled = {"dtype": graph.data_type(region), "value": float(number(graph, match) or 0)}
        return building.add("fill_any_like", {"X": region}, graph.shape(region), into=into, **filled)


def _slot(slots: Iterable, parameter: str):
    return next(slot for slot in slots if slot.parameter == parameter)


def call_of(graph: ProgramGraph, op: Op) -> Call:
    """The operator, of whose tensors nothing is known but shapes; an open extent is one that nobody cuts."""
    return Call(op, {}, lambda name: [OPEN if extent < 0 else extent for extent in graph.shape(name)], 0)


OPEN = 1 << 30
"""Stands for an open extent: larger than any that is cut."""


def part(graph: ProgramGraph, op: Op) -> list[tuple[int, int]] | None:
    """From where to where each axis is written; None where that is not one block. Raises Unknown."""
    (source,) = arguments(op.desc.inputs, "Input") or [""]
    shape = graph.shape(source)
    bounds: list[tuple[int, int]] = []
    for extent, index in zip(shape, set_region(call_of(graph, op)), strict=True):
        if not isinstance(index, slice) or index.step != 1:
            return None
        if extent < 0 and (index.start, index.stop) != (0, OPEN):
            return None
        # A part that ends before it starts is empty.
        bounds.append((index.start, max(index.start, index.stop)) if extent >= 0 else (0, extent))
    return bounds


def part_shape(graph: ProgramGraph, op: Op, bounds: Sequence[tuple[int, int]]) -> list[int]:
    """The shape of the block that is written."""
    return [end - start if end >= 0 else end for start, end in bounds]


def number(graph: ProgramGraph, op: Op) -> float | None:
    """The one number that is written; None where there are several."""
    call = call_of(graph, op)
    numbers = next((found for name in VALUE_LISTS if (found := call.attribute(name))), [])
    return float(numbers[0]) if len(numbers) == 1 else None
