"""`fold-constants`: what depends on nothing but constants and parameters is computed once, not at every run."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from edgeworker.paddle_graph import PORTS, Longs, ProgramGraph
from edgeworker.paddle_program import Op, arguments
from edgeworker.paddle_values import evaluate
from edgeworker.rewrite import Rewrite

SOURCES = ("fill_constant", "assign_value")
# Other views of the same numbers: a convolution's bias as [1, C, 1, 1]. Every tool takes those as they are.
VIEWS = ("reshape2", "unsqueeze2", "squeeze2", "flatten_contiguous_range", "assign")
LARGEST = 1 << 22  # values of one result; 16 MiB in FP32
SMALL = 64  # integers that stay in the graph, where tools look for shapes and indices
_CODES = {np.dtype(np.bool_): 0, np.dtype(np.int32): 2, np.dtype(np.int64): 3, np.dtype(np.float32): 5}
_FIELDS = {2: ("int32_values", list), 3: ("int64_values", Longs)}


@dataclass(frozen=True)
class Constant:
    """An operator whose result is known: `values` by variable, those alone that something else reads."""

    op: Op
    values: dict[str, np.ndarray]


class FoldConstants(Rewrite[ProgramGraph, Constant]):
    """Store the results of operators that read constants and parameters alone; drop what led to them.

    Swin builds its attention masks with `set_value` over a tensor of zeros: paddle2onnx 1.3.1 ends the process on it
    ("Cannot found attribute fp32_values"), and Paddle Lite 2.13 dies of a segmentation fault. LeViT gathers its
    attention biases out of a parameter, 668 slices at each run.
    """

    name = "fold-constants"

    def matches(self, graph: ProgramGraph) -> Iterable[Constant]:
        """Every operator with a known result that one without reads."""
        written = _written(graph)
        values = {name: value for name, value in graph.parameters.items() if name not in written}
        known: dict[int, dict[str, np.ndarray]] = {}
        for op in graph.ops():
            if op.desc.type in PORTS or not _could_be_known(op, values):
                continue
            found = evaluate(op, values, graph.shape, LARGEST)
            if found is not None and all(written[name] == 1 for name in found):
                values.update(found)
                known[op.index] = found
        for op in graph.ops():
            if op.index in known and op.desc.type not in SOURCES and not _is_view(graph, op):
                read = {
                    name: value
                    for name, value in known[op.index].items()
                    if any(reader.index not in known for reader in graph.readers(name))
                }
                if read:
                    yield Constant(op, read)

    def check(self, graph: ProgramGraph, match: Constant) -> str | None:
        """Values of a type that parameters can have."""
        kinds = {str(value.dtype) for value in match.values.values() if value.dtype not in _CODES}
        return f"{match.op.place} gives {', '.join(kinds)}" if kinds else None

    def apply(self, graph: ProgramGraph, match: Constant) -> None:
        """One number for all, and a few integers, stay operators; other results become parameters."""
        building = graph.building(match.op)
        for name, value in match.values.items():
            code, shape = _CODES[value.dtype], list(value.shape)
            if value.size and (value == value.flat[0]).all():
                number = value.flat[0].item()
                building.add(
                    "fill_constant", {}, into=name, shape=Longs(shape), dtype=code, value=float(number),
                    str_value=repr(int(number) if value.dtype.kind in "bi" else number), place_type=-1,
                    force_cpu=False,
                )  # fmt: skip
            elif code in _FIELDS and value.size <= SMALL:
                field, kind = _FIELDS[code]
                numbers = kind(value.ravel().tolist())
                building.add("assign_value", {}, into=name, shape=shape, dtype=code, **{field: numbers})
            else:
                graph.store(name, np.ascontiguousarray(value))
        building.finish()


def _is_view(graph: ProgramGraph, op: Op) -> bool:
    """Whether it shows a parameter in another shape and nothing more."""
    return op.desc.type in VIEWS and all(name in graph.parameters for name in arguments(op.desc.inputs, "X") or [])


def _could_be_known(op: Op, values: dict[str, np.ndarray]) -> bool:
    return all(name in values for slot in op.desc.inputs for name in slot.arguments)


def _written(graph: ProgramGraph) -> dict[str, int]:
    """How many operators write each variable: one that is used again is no constant."""
    count: dict[str, int] = {}
    for op in graph.ops():
        for slot in op.desc.outputs:
            for name in slot.arguments:
                count[name] = count.get(name, 0) + 1
    return count
