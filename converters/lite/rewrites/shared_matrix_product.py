"""`shared-matrix-product`: a stack of matrices times one that they share, as one product of all their rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, arguments, attribute
from edgeworker.rewrite import Rewrite


@dataclass(frozen=True)
class Product:
    """A `matmul_v2` of [*batch, *heads, m, k] and [*batch, 1 for each of the heads, k, n]."""

    op: Op
    batch: list[int]
    heads: list[int]
    shared: str = "Y"


class SharedMatrixProduct(Rewrite[ProgramGraph, Product]):
    """Paddle Lite 2.13 takes as many matrices on both sides, and ends the process where one side has fewer.

    "Check failed: (sum_x == sum_y): 4!==1": MobileNetV4's attention shares keys and values between its heads.
    """

    name = "shared-matrix-product"

    def matches(self, graph: ProgramGraph) -> Iterable[Product]:
        """Products of which one side has an extent of 1 where the other has more."""
        for op in graph.ops({"matmul_v2"}):
            before, after = (graph.shape(name)[:-2] for name in _sides(op))
            if len(before) == len(after) and before != after:
                same = next(place for place, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1])
                if all(extent == 1 for extent in after[same:]):
                    yield Product(op, before[:same], before[same:])
                elif all(extent == 1 for extent in before[same:]):
                    yield Product(op, after[:same], after[same:], shared="X")

    def check(self, graph: ProgramGraph, match: Product) -> str | None:
        """The rows of the first side lie together, and one extent is open at most."""
        if match.shared == "X":
            return f"{match.op.place} shares its first side"
        if attribute(match.op, "trans_x"):
            return f"{match.op.place} turns its first side"
        matrices = [extent for side in _sides(match.op) for extent in graph.shape(side)[-2:]]
        if min([*match.heads, *matrices]) < 0 or sum(one < 0 for one in match.batch) > 1:
            return f"{match.op.place} has open extents"
        return None

    def apply(self, graph: ProgramGraph, match: Product) -> None:
        """Reshape both sides, multiply, reshape."""
        first, second = _sides(match.op)
        (result,) = match.op.desc.outputs[0].arguments
        *_, rows, inner = graph.shape(first)
        rows *= prod(match.heads)
        matrix, columns = graph.shape(second)[-2:], graph.shape(result)[-1]
        turned = bool(attribute(match.op, "trans_y"))
        building = graph.building(match.op)
        left = building.reshape(first, [*match.batch, rows, inner])
        right = building.reshape(second, [*match.batch, *matrix])
        product = building.add(
            "matmul_v2", {"X": left, "Y": right}, [*match.batch, rows, columns], trans_x=False, trans_y=turned
        )
        building.reshape(product, graph.shape(result), into=result)
        building.finish()


def _sides(op: Op) -> tuple[str, str]:
    """The variables that are multiplied."""
    (first,), (second,) = (arguments(op.desc.inputs, slot) or [""] for slot in ("X", "Y"))
    return first, second
