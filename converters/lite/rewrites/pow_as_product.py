"""`pow-as-product`: powers by small whole numbers, as products."""

from collections.abc import Iterable

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.paddle_program import Op, arguments, attribute
from edgeworker.rewrite import Rewrite

MOST = 8


class PowAsProduct(Rewrite[ProgramGraph, Op]):
    """`x.pow(2)` is x times x.

    Paddle Lite 2.13's x86 kernel computes exp(factor * log(x)), which is garbage below 0: 1e37 times too large for
    squares and cubes of noise, silently. ConvNeXt's normalisation squares; its outputs were NaN.
    """

    name = "pow-as-product"

    def matches(self, graph: ProgramGraph) -> Iterable[Op]:
        """Every `pow`."""
        return graph.ops({"pow"})

    def check(self, graph: ProgramGraph, match: Op) -> str | None:
        """A whole number from 2 to 8, known beforehand."""
        factor = attribute(match, "factor")
        if arguments(match.desc.inputs, "FactorTensor"):
            return f"{match.place} takes its factor from a tensor"
        if factor is None or factor != int(factor) or not 2 <= factor <= MOST:
            return f"{match.place} has the factor {1.0 if factor is None else factor:g}"
        return None

    def apply(self, graph: ProgramGraph, match: Op) -> None:
        """Square as long as that fits, then multiply what is left: x^6 = (x^2)^2 * x^2."""
        (base,), (result,) = arguments(match.desc.inputs, "X") or [""], match.desc.outputs[0].arguments
        factor = int(attribute(match, "factor"))
        building, shape = graph.building(match), graph.shape(base)
        powers = {1: base}
        while factor not in powers:
            largest = max(powers)
            more = max(power for power in powers if power + largest <= factor)
            into = result if largest + more == factor else ""
            inputs = {"X": powers[largest], "Y": powers[more]}
            powers[largest + more] = building.add("elementwise_mul", inputs, shape, into=into, axis=-1)
        building.finish()
