"""Small made-up graphs, and a runtime for them that is wrong where it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgekit.diagnose.graph import Graph, Layer
from edgekit.diagnose.health import Health, State


def graph(lines: str) -> Graph:
    """From lines such as `conv: x -> a`: a layer's name, what it reads, what it writes.

    The model's inputs are the names that nobody writes; its outputs those that nobody reads.
    """
    layers = []
    for line in lines.strip().splitlines():
        name, rest = line.strip().split(": ")
        reads, writes = rest.split(" -> ")
        layers.append(Layer(name, name.rstrip("0123456789"), tuple(reads.split()), tuple(writes.split())))
    read = {name for layer in layers for name in layer.inputs}
    written = {name for layer in layers for name in layer.outputs}
    outputs = [name for layer in layers for name in layer.outputs if name not in read]
    return Graph(tuple(sorted(read - written)), tuple(outputs), tuple(layers))


def chain(length: int) -> Graph:
    """`layer0: x -> t0`, `layer1: t0 -> t1`, ..."""
    return graph("\n".join(f"layer{at}: {f't{at - 1}' if at else 'x'} -> t{at}" for at in range(length)))


@dataclass
class Runtime:
    """Every tensor computed from a guilty layer is wrong, but for those `masked`; `strangers` match nothing."""

    graph: Graph
    guilty: Sequence[str]
    masked: Sequence[str] = ()
    strangers: Sequence[str] = ()
    shapes: Sequence[str] = ()
    """Tensors that are always right and say nothing, as shapes do."""
    asked: list[list[str]] = field(default_factory=list)

    def probe(self, names: Sequence[str]) -> Mapping[str, Health]:
        self.asked.append(list(names))
        wrong: set[str] = set()
        for layer in self.graph.layers:
            if layer.name in self.guilty or not wrong.isdisjoint(layer.inputs):
                wrong.update(set(layer.outputs) - set(self.masked) - set(self.shapes))
        return {name: self.health(name, name in wrong) for name in names}

    def health(self, name: str, wrong: bool) -> Health:
        if name in self.strangers:
            return Health(State.UNMATCHED)
        return Health(
            State.WRONG if wrong else State.HEALTHY,
            0.5 if wrong else 1e-7,
            1e-5,
            None if wrong else name,
            vouches=name not in self.shapes,
        )
