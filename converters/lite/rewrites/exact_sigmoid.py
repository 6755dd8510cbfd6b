"""`exact-sigmoid`: sigmoid, swish and tanh, of operators that Paddle Lite's ARM kernels compute exactly."""

from collections.abc import Iterable

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, arguments, attribute
from edgeworker.rewrite import Rewrite

_TYPES = ("sigmoid", "swish", "tanh")
# (x + bias) * scale: `opt` takes a `scale` whose bias comes first into no other one.
_PLUS_ONE = {"scale": 1.0, "bias": 1.0, "bias_after_scale": False}
_ONE_LESS_TWICE = {"scale": -2.0, "bias": -0.5, "bias_after_scale": False}


class ExactSigmoid(Rewrite[ProgramGraph, Op]):
    """x * sigmoid(x) and `swish` become `silu`; sigmoid(x) = 1 / (1 + 1 / exp(x)); tanh(x) = 1 - 2 / (1 + exp(x)^2).

    Paddle Lite 2.13's ARM kernels for sigmoid, swish and tanh divide by an estimate of the reciprocal that one step of
    Newton's has improved (`div_ps`): off by up to 8.2e-6, 70 roundings. MixNet has 52 of them one after the other, and
    was 1.4 to 5 times beyond FP32's limit. `silu` takes two steps (2.9e-7), `exp` divides nothing, and `reciprocal`
    divides.

    The sign of x is not changed beforehand: `opt` works a `scale` into the weights of a convolution before it.
    """

    name = "exact-sigmoid"
    only = "arm"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every sigmoid, swish and tanh."""
        return graph.ops(_TYPES)

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """`silu` has no factor: a swish's must be 1."""
        beta = attribute(match, "beta")
        if match.desc.type == "swish" and beta not in (None, 1.0):
            return f"{match.place} has a beta of its own, {beta:g}"
        return None

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Write it out; where a sigmoid is only there to be multiplied by what it is of, both are one `silu`."""
        (x,), (result,) = arguments(match.desc.inputs, "X") or [""], match.desc.outputs[0].arguments
        building, shape = graph.building(match), graph.shape(x)
        if match.desc.type == "swish":
            building.add("silu", {"X": x}, into=result)
        elif match.desc.type == "sigmoid" and (product := _times_itself(graph, x, result)) is not None:
            graph.replace(match, [])
            building = graph.building(product)
            building.add("silu", {"X": x}, into=product.desc.outputs[0].arguments[0])
        elif match.desc.type == "sigmoid":
            h = building.add("exp", {"X": x}, shape)
            h = building.add("reciprocal", {"X": h}, shape)
            h = building.add("scale", {"X": h}, shape, **_PLUS_ONE)
            building.add("reciprocal", {"X": h}, into=result)
        else:
            h = building.add("exp", {"X": x}, shape)
            h = building.add("elementwise_mul", {"X": h, "Y": h}, shape, axis=-1)
            h = building.add("scale", {"X": h}, shape, **_PLUS_ONE)
            h = building.add("reciprocal", {"X": h}, shape)
            building.add("scale", {"X": h}, into=result, **_ONE_LESS_TWICE)
        building.finish()


def _times_itself(graph: ProgramGraph, x: str, sigmoid: str) -> Op | None:
    """The one reader of a sigmoid of `x`, where that is its product with `x`: `opt` makes a swish of the two."""
    readers = graph.readers(sigmoid)
    if len(readers) != 1 or readers[0].desc.type != "elementwise_mul":
        return None
    operands = [*(arguments(readers[0].desc.inputs, "X") or []), *(arguments(readers[0].desc.inputs, "Y") or [])]
    return readers[0] if sorted(operands) == sorted([x, sigmoid]) else None
