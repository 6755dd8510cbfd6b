"""`declare-xshape`: declare the second output that Paddle drops and Paddle Lite writes to."""

from collections.abc import Iterable
from typing import Any

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import LOD_TENSOR, Op, add_output, arguments, ops, variable
from edgeworker.rewrite import Rewrite

_TYPES = ("flatten_contiguous_range", "reshape2", "transpose2", "squeeze2", "unsqueeze2")


class DeclareXShape(Rewrite[ProgramGraph, Op]):
    """Give each reshaping operator its `XShape` output again: a tensor [0, dims of X] that no operator reads.

    Paddle needs it for gradients alone and leaves it out of exported programs; Paddle Lite 2.13 looks the
    variable up without asking whether it exists, and the process dies of a segmentation fault
    (FlattenContiguousRangeOp::InferType).
    """

    name = "declare-xshape"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every operator of these types without a variable for `XShape`."""
        return (op for op in ops(graph.settled(), _TYPES) if not arguments(op.desc.outputs, "XShape"))

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """The shape of the new tensor comes from the operator's one input."""
        sources = arguments(match.desc.inputs, "X") or []
        if len(sources) != 1:
            return f"{match.place} has {len(sources)} inputs X where one is expected"
        source = _find(graph.program, match, sources[0])
        if source is None:
            return f"{match.place} reads {sources[0]}, which no block declares"
        if source.type.type != LOD_TENSOR:
            return f"{match.place} reads {sources[0]}, which is not a plain tensor"
        return None

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Declare the variable in the operator's own block and connect it."""
        (name,) = arguments(match.desc.inputs, "X") or [""]
        source = _find(graph.program, match, name)
        assert source is not None  # `check` has seen it
        tensor = source.type.lod_tensor.tensor
        add_output(graph.program, match, "XShape", [0, *tensor.dims], tensor.data_type)


def _find(program: Any, op: Op, name: str) -> Any | None:
    """The variable as the operator sees it: declared in its block or in one of the blocks around it."""
    blocks = {block.idx: block for block in program.blocks}
    block, visited = op.block, set()
    while block is not None and block.idx not in visited:
        visited.add(block.idx)
        if (found := variable(block, name)) is not None:
            return found
        block = blocks.get(block.parent_idx)
    return None
