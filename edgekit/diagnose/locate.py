"""Names the layer of a guilty step that parts first, by comparison with a step that is healthy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.diagnose.bisect import Search
from edgekit.diagnose.graph import Graph, Layer
from edgekit.diagnose.health import FLOOR, TWIN_FLOOR, Health, State, health, relative_error
from edgekit.diagnose.inside import NAMES_ALL, Inside, Values, perturbed, values_of, write_sample
from edgekit.diagnose.match import Matcher
from edgekit.pipeline.program import PROGRAM
from edgekit.pipeline.stage import SourceFile

NEIGHBOURS = 24
"""How many layers around the guilty one are looked at to find what it stands for in the other graph."""


@dataclass(frozen=True)
class Sample:
    """One call's inputs, and the same off by a few roundings."""

    plain: SourceFile
    shaken: SourceFile

    @classmethod
    def write(cls, tensors: dict[str, np.ndarray], cache: Path) -> "Sample":
        """Both as files in the cache."""
        return cls(write_sample(tensors, cache), write_sample(perturbed(tensors), cache))


@dataclass(frozen=True)
class Located:
    """The guilty `layer`, its neighbours in the pattern that it makes, and what all of it stands for.

    `known` is the health of every tensor that was looked at; `comparison` says in words how they were paired.
    """

    graph: Graph
    layer: Layer
    with_it: tuple[Layer, ...]
    stands_for: Layer | None
    healthy_graph: Graph
    known: Mapping[str, Health]
    comparison: str


@dataclass(frozen=True)
class Pair:
    """A guilty step beside a healthy one, and how to judge a tensor of the first."""

    graph: Graph
    healthy_graph: Graph
    probe: Callable[[Sequence[str]], dict[str, Health]]
    definite: bool
    comparison: str


def locate(
    guilty: Inside, healthy: Inside, sample: Sample, *, twin: bool, floor: float | None = None
) -> Located | None:
    """The first layer of `guilty` that parts, or None where all do what they should once they are looked at.

    `twin`: the healthy step is another file of the same converter, run in the same runtime. `floor`: it is the same
    file on another machine, and a tensor may be off by that much of its largest value.
    """
    if floor is not None:
        pair = elsewhere(guilty, healthy, sample, floor)
    else:
        pair = (twins if twin else unlike)(guilty, healthy, sample)
    search = Search(pair.graph, pair.probe, pair.definite)
    position = search.locate()
    if position is None:
        return None
    layer = pair.graph.layers[position]
    if twin or floor is not None:
        stands_for, with_it = None, ()
    else:
        stands_for, with_it = recognised(pair, search, layer), ()
        if stands_for is None:
            stands_for = counterpart(pair, search, position)
            layer, with_it = pattern(pair.graph, position, stands_for)
    return Located(pair.graph, layer, with_it, stands_for, pair.healthy_graph, search.known, pair.comparison)


def twins(guilty: Inside, healthy: Inside, sample: Sample) -> Pair:
    """The same runtime on two files: tensors pair by name, and agree to the bit where they are healthy."""
    graph, other = guilty.graph(), healthy.graph()
    there = set(other.tensors)

    def probe(names: Sequence[str]) -> dict[str, Health]:
        shared = [name for name in names if name in there]
        mine, truth = (values_of(one) for one in guilty.laboratory.run(
            [guilty.stage(names, sample.plain), healthy.stage(shared, sample.plain)]
        ))  # fmt: skip
        return {name: judged(mine, truth, name, 0.0, TWIN_FLOOR, certain=True) for name in names}

    same = [(one.type, one.inputs, one.outputs) for one in graph.layers] == [
        (one.type, one.inputs, one.outputs) for one in other.layers
    ]
    return Pair(graph, other, probe, same, "the same tensors of a fresh conversion, in the same runtime")


def elsewhere(guilty: Inside, healthy: Inside, sample: Sample, floor: float) -> Pair:
    """The same file in the same runtime on two machines: tensors pair by name, and agree as two engines do."""
    graph = healthy.graph()
    probe = by_name(guilty, healthy, sample, set(graph.tensors), floor)
    return Pair(graph, graph, probe, True, "the same tensors of the same file on this machine")


def unlike(guilty: Inside, healthy: Inside, sample: Sample) -> Pair:
    """Two graphs: tensors pair by name where most names survive, else by value."""
    graph, other = guilty.graph(), healthy.graph()
    shared = set(graph.tensors) & set(other.tensors)
    if 2 * len(shared) >= len(graph.tensors):
        return Pair(graph, other, by_name(guilty, healthy, sample, shared), False, "tensors of the same name")
    return Pair(graph, other, by_value(guilty, healthy, sample, other), False, "tensors of the same values")


def by_name(
    guilty: Inside, healthy: Inside, sample: Sample, shared: set[str], floor: float = FLOOR
) -> Callable[[Sequence[str]], dict[str, Health]]:
    """Judge by the healthy tensor of the same name, a few at a time."""

    def probe(names: Sequence[str]) -> dict[str, Health]:
        paired = [name for name in names if name in shared]
        first, *others = guilty.laboratory.run(
            [guilty.stage(names, sample.plain), *truth_stages(healthy, paired, sample)]
        )
        mine, (truth, shaken) = values_of(first), map(values_of, others)
        noise = {name: relative_error(shaken[name], truth[name]) for name in shaken.names & truth.names}
        return {name: judged(mine, truth, name, noise.get(name, 0.0), floor) for name in names}

    return probe


def by_value(
    guilty: Inside, healthy: Inside, sample: Sample, other: Graph
) -> Callable[[Sequence[str]], dict[str, Health]]:
    """Judge by any healthy tensor that holds the same values; all of those are made once."""
    truth, shaken = map(values_of, healthy.laboratory.run(truth_stages(healthy, NAMES_ALL, sample)))
    names = [name for name in other.tensors if name in truth.names]
    noise = {name: relative_error(shaken[name], truth[name]) for name in names}
    matcher = Matcher(names, truth.__getitem__, noise)

    def probe(wanted: Sequence[str]) -> dict[str, Health]:
        (result,) = guilty.laboratory.run([guilty.stage(wanted, sample.plain)])
        mine = values_of(result)
        return {name: matcher.match(mine[name]) if name in mine.names else Health(State.UNMATCHED) for name in wanted}

    return probe


def truth_stages(healthy: Inside, names: Sequence[str] | str, sample: Sample) -> list:
    """The healthy tensors as exactly as can be, and as noisily as FP32 makes them."""
    if healthy.step.format == PROGRAM:
        return [healthy.exact.stage(names, sample.plain), healthy.stage(names, sample.plain)]
    return [healthy.stage(names, sample.plain), healthy.stage(names, sample.shaken)]


def judged(mine: Values, truth: Values, name: str, noise: float, floor: float, *, certain: bool = False) -> Health:
    """The health of one tensor by the one of its name."""
    if name not in mine.names or name not in truth.names:
        return Health(State.UNMATCHED)
    return health(mine[name], truth[name], noise, floor, name, certain=certain)


def recognised(pair: Pair, search: Search, layer: Layer) -> Layer | None:
    """The layer of the healthy graph that makes what `layer` should: its output is known there, though it is wrong."""
    makers = pair.healthy_graph.maker
    for name in layer.outputs:
        found = search.known.get(name)
        for known in (found.counterpart if found else None, name):
            if known in makers:
                return pair.healthy_graph.layers[makers[known]]
    return None


def counterpart(pair: Pair, search: Search, position: int) -> Layer | None:
    """The layer of the healthy graph that nothing right in the guilty graph computes, next to the guilty layer."""
    graph, other = pair.graph, pair.healthy_graph
    layer = graph.layers[position]
    around = sorted(graph.descendants(layer.inputs))[: 2 * NEIGHBOURS]
    search.look([name for at in around for name in graph.observable(at)])
    covered = {found.counterpart for found in search.known.values() if found.healthy and found.counterpart}
    known = [search.known[name].counterpart for name in layer.inputs if name in search.known]
    sources = [name for name in known if name] or list(other.inputs if set(layer.inputs) <= set(graph.inputs) else [])
    for at in sorted(other.descendants(sources)):
        outputs = other.layers[at].outputs
        below = {name for after in other.descendants(outputs) for name in other.layers[after].outputs}
        if covered.isdisjoint(outputs) and covered.isdisjoint(below):
            return other.layers[at]
    return None


def pattern(graph: Graph, position: int, stands_for: Layer | None) -> tuple[Layer, tuple[Layer, ...]]:
    """Which layer to name, and which others belong to it.

    A converter may put helpers in front of a layer (a padding before a pool). Where the first that parts is of
    another kind than the layer that it stands for, and one of the next few is of that kind, that one is named.
    """
    first = graph.layers[position]
    if stands_for is None or alike(first.type, stands_for.type):
        return first, ()
    chain, current = [first], position
    for _ in range(3):
        after = sorted({at for name in graph.layers[current].outputs for at in graph.readers.get(name, ())})
        if not after:
            break
        current = after[0]
        if alike(graph.layers[current].type, stands_for.type):
            return graph.layers[current], tuple(chain)
        chain.append(graph.layers[current])
    return first, ()


def alike(one: str, other: str) -> bool:
    """Whether two types are about the same thing: `Pooling` and `AveragePool` share four letters in a row."""
    mine, theirs = one.lower(), other.lower()
    return any(mine[start : start + 4] in theirs for start in range(len(mine) - 3)) or mine == theirs
