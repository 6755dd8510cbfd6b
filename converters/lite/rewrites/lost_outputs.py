"""Outputs that Paddle drops from exported programs and Paddle Lite writes to all the same."""

from collections.abc import Iterable, Sequence
from typing import Any

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import LOD_TENSOR, Op, add_output, arguments, ops, variable
from edgeworker.rewrite import Rewrite


class LostOutputs(Rewrite[ProgramGraph, Op]):
    """Declares `outputs` of operators of these `types`: tensors that no operator reads.

    Paddle needs them for gradients alone. Paddle Lite looks the variables up without asking whether they exist.
    """

    types: tuple[str, ...]
    outputs: tuple[str, ...]

    def shape(self, dims: Sequence[int]) -> list[int]:
        """The shape of a declared tensor, from that of the operator's input X."""
        raise NotImplementedError

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every operator of these types that lacks one of the outputs."""
        return (op for op in ops(graph.settled(), self.types) if self._lost(op))

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """The shape of a new tensor comes from the operator's one input X."""
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
        """Declare the variables in the operator's own block and connect them."""
        (name,) = arguments(match.desc.inputs, "X") or [""]
        source = _find(graph.program, match, name)
        assert source is not None  # `check` has seen it
        tensor = source.type.lod_tensor.tensor
        for output in self._lost(match):
            add_output(graph.program, match, output, self.shape(list(tensor.dims)), tensor.data_type)

    def _lost(self, op: Op) -> list[str]:
        return [name for name in self.outputs if not arguments(op.desc.outputs, name)]


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
