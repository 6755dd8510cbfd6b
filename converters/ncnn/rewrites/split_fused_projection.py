"""One linear layer that computes query, key and value at once, as one linear layer for each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import onnx
from edgeworker.rewrite import Rewrite
from onnx_graph import OnnxGraph, attribute, place


@dataclass(frozen=True)
class Piece:
    """One cut out of the projection: `start` to `stop` on the cut axis."""

    output: str
    start: int
    stop: int


@dataclass(frozen=True)
class FusedProjection:
    """MatMul [-> Add] [-> Reshape] [-> Transpose] -> cuts along one axis of the last value.

    Only the last link may be read by several nodes, and only by those that cut it.
    """

    matmul: onnx.NodeProto
    add: onnx.NodeProto | None
    reshape: onnx.NodeProto | None
    transpose: onnx.NodeProto | None
    value: str
    """What is cut."""
    axis: int
    """Along which axis of `value`."""
    cutters: tuple[onnx.NodeProto, ...]
    pieces: tuple[Piece, ...]

    @property
    def projected(self) -> str:
        """The linear layer's result, as the Reshape (or the Transpose, or the cuts) reads it."""
        return (self.add or self.matmul).output[0]


class SplitFusedProjection(Rewrite[OnnxGraph, FusedProjection]):
    """Without it ncnn cannot load what pnnx makes of an attention.

    Attention computes query, key and value in one product, [B, N, 3 * heads * d], reshapes that to
    [B, N, 3, heads, d], moves the 3 to the front and takes it apart. With the windows of a local attention
    these are six dimensions. pnnx folds the cuts into one `torch.unbind` along what has become the batch's
    place, which it leaves as it is: ncnn knows no such layer (Twins: 16 to 54 of them in a model).

    The weights are constants, so they are cut instead: a MatMul for each piece, and one dimension less after it.
    """

    name = "split-fused-projection"

    def matches(self, graph: OnnxGraph) -> Iterable[FusedProjection]:
        """Every product with a matrix whose result is only ever read in pieces."""
        for node in graph.model.graph.node:
            if node.op_type == "MatMul" and (found := _follow(graph, node)) is not None:
                yield found

    def check(self, graph: OnnxGraph, match: FusedProjection) -> str | None:
        """Why this projection stays whole, or None."""
        where = place(match.matmul)
        weights = graph.constant(match.matmul.input[1])
        if weights is None:
            return f"{where}: its weights {match.matmul.input[1]!r} are no constant that could be cut"
        if weights.ndim != 2:
            return f"{where}: its weights have {weights.ndim} dimensions, and only a matrix is cut"
        if match.add is not None:
            bias = _bias(graph, match)
            if bias is None:
                return f"{where}: what is added to it is no constant that could be cut"
            if bias.shape != (weights.shape[1],):
                return f"{where}: what is added to it has the shape {list(bias.shape)}, not [{weights.shape[1]}]"
        before, after = graph.shape(match.projected), graph.shape(_reshaped(match))
        if before is None or after is None or graph.shape(match.value) is None:
            return f"{where}: the shape of its result is not known"
        leading = _leading(before, after)
        if leading is None:
            return f"{where}: its result {before} becomes {after}, which mixes the weights' columns with the rest"
        if _cut_axis(match, len(after)) < leading:
            return f"{where}: the pieces are cut along axis {match.axis}, which is none of the weights' columns"
        return None

    def apply(self, graph: OnnxGraph, match: FusedProjection) -> None:
        """One chain for each piece; every piece keeps its name, its shape and its values."""
        weights, bias = graph.constant(match.matmul.input[1]), _bias(graph, match)
        before, after = graph.shape(match.projected), graph.shape(_reshaped(match))
        assert weights is not None
        assert before is not None
        assert after is not None
        leading, axis = _leading(before, after), _cut_axis(match, len(after))
        assert leading is not None
        for piece, cutter in zip(match.pieces, match.cutters, strict=True):
            columns = np.arange(weights.shape[1]).reshape(after[leading:])
            chosen = np.take(columns, range(piece.start, piece.stop), axis - leading).ravel()
            chain = _Chain(piece.output, match.matmul.input[0], [*before[:-1], len(chosen)])
            chain.link("MatMul", "product", weights[:, chosen])
            if bias is not None:
                chain.link("Add", "projected", bias[chosen])
            if match.reshape is not None:
                chain.reshape([piece.stop - piece.start if i == axis else size for i, size in enumerate(after)])
            if match.transpose is not None:
                perm = _perm(match.transpose, len(after))
                chain.shape = [chain.shape[source] for source in perm]
                chain.link("Transpose", "transposed", perm=perm)
            wanted = graph.shape(piece.output) or chain.shape
            if wanted != chain.shape:  # a Gather takes the cut axis away
                chain.reshape(wanted)
            position = list(cutter.output).index(piece.output)
            graph.rename_output(cutter, position, graph.fresh_name(f"{piece.output}.cut"), wanted)
            chain.write(graph, cutter)
        graph.prune()


@dataclass
class _Link:
    operator: str
    suffix: str
    constant: np.ndarray | None
    shape: list[int]
    attributes: dict[str, Any]


class _Chain:
    """Nodes in a row from the value `start` to the value `end`, each with at most one constant."""

    def __init__(self, end: str, start: str, shape: list[int]) -> None:
        self.shape = shape
        self._start, self._end = start, end
        self._links: list[_Link] = []

    def link(self, operator: str, suffix: str, constant: np.ndarray | None = None, **attributes: list[int]) -> None:
        """Add a node whose result has `self.shape`."""
        self._links.append(_Link(operator, suffix, constant, self.shape, attributes))

    def reshape(self, shape: list[int]) -> None:
        """Add a Reshape to `shape`."""
        self.shape = shape
        self.link("Reshape", "reshaped", np.array(shape, np.int64))

    def write(self, graph: OnnxGraph, beside: onnx.NodeProto) -> None:
        """Insert the nodes; the last one writes the chain's end."""
        value = self._start
        for link in self._links:
            last = link is self._links[-1]
            output = self._end if last else graph.fresh_name(f"{self._end}.{link.suffix}")
            inputs = [value]
            if link.constant is not None:
                inputs.append(graph.add_constant(f"{self._end}.{link.suffix}.constant", link.constant))
            value = graph.add(link.operator, inputs, output, link.shape, beside, **link.attributes)


def _follow(graph: OnnxGraph, matmul: onnx.NodeProto) -> FusedProjection | None:
    """Down from a MatMul to where its result is cut; None where it is not, or something else reads it."""
    add = reshape = transpose = None
    value = matmul.output[0]
    while True:
        readers = graph.readers(value)
        if graph.is_output(value) or not readers:
            return None
        cuts = [_cut(graph, reader, value) for reader in readers]
        if all(cuts):
            axes = {axis for found in cuts if found for axis, _ in found}
            pairs = [(reader, piece) for reader, found in zip(readers, cuts, strict=True) for _, piece in found or ()]
            if len(axes) != 1 or len(pairs) < 2:
                return None
            cutters, pieces = zip(*pairs, strict=True)
            return FusedProjection(matmul, add, reshape, transpose, value, axes.pop(), cutters, pieces)
        if len(readers) != 1:
            return None
        (reader,) = readers
        if reader.op_type == "Add" and add is reshape is transpose is None:
            add = reader
        elif reader.op_type == "Reshape" and reader.input[0] == value and reshape is transpose is None:
            reshape = reader
        elif reader.op_type == "Transpose" and transpose is None:
            transpose = reader
        else:
            return None
        value = reader.output[0]


def _cut(graph: OnnxGraph, node: onnx.NodeProto, value: str) -> list[tuple[int, Piece]] | None:
    """The axis and the pieces that a node takes out of `value`; None where it does something else with it.

    Where the shape is not known the pieces are a guess: `check` refuses them.
    """
    rank = graph.rank(value)
    if not rank or node.input[0] != value or value in list(node.input)[1:]:
        return None
    sizes = graph.shape(value) or [1] * rank
    if node.op_type == "Split":
        axis, start, found = attribute(node, "axis", 0) % rank, 0, []
        for output in node.output:
            part = graph.shape(output) or sizes
            found.append((axis, Piece(output, start, start + part[axis])))
            start += part[axis]
        return found
    if node.op_type == "Gather":
        index, axis = graph.constant(node.input[1]), attribute(node, "axis", 0) % rank
        if index is None or index.ndim != 0:
            return None
        start = int(index) % sizes[axis]
        return [(axis, Piece(node.output[0], start, start + 1))]
    if node.op_type == "Slice":
        given = [graph.constant(name) if name else None for name in list(node.input)[1:]]
        if len(given) < 3 or any(one is None or one.size != 1 for one in given):
            return None
        start, stop, axis, *step = (int(one.item()) for one in given if one is not None)
        axis %= rank
        start, stop, stride = slice(start, stop, step[0] if step else 1).indices(sizes[axis])
        empty = start >= stop and graph.shape(value) is not None
        return None if stride != 1 or empty else [(axis, Piece(node.output[0], start, stop))]
    return None


def _leading(before: Sequence[int], after: Sequence[int]) -> int | None:
    """How many dimensions of `after` come from all but the last of `before`; None where they cannot be told apart."""
    for count in range(len(after)):
        if prod(after[:count]) == prod(before[:-1]) and prod(after[count:]) == before[-1]:
            return count
    return None


def _cut_axis(match: FusedProjection, rank: int) -> int:
    """The cut axis before the Transpose."""
    return match.axis if match.transpose is None else _perm(match.transpose, rank)[match.axis]


def _reshaped(match: FusedProjection) -> str:
    return match.projected if match.reshape is None else match.reshape.output[0]


def _bias(graph: OnnxGraph, match: FusedProjection) -> np.ndarray | None:
    if match.add is None:
        return None
    (other,) = [name for name in match.add.input if name != match.matmul.output[0]] or [""]
    return graph.constant(other)


def _perm(node: onnx.NodeProto, rank: int) -> list[int]:
    return attribute(node, "perm", list(range(rank))[::-1])
