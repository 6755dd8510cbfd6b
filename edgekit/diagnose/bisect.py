"""Finds the first layer whose output parts while its inputs are still right, with few runs of the runtime."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from edgekit.diagnose.graph import Graph
from edgekit.diagnose.health import Health, State

Probe = Callable[[Sequence[str]], Mapping[str, Health]]
PER_RUN = 24


@dataclass
class Search:
    """A search in `graph`; `probe` judges some tensors with one run.

    With `definite` health, a tensor that is not healthy is wrong. Without it, an unmatched one may only lack a
    counterpart in the other graph: it is taken for wrong where no tensor computed from it is healthy.
    """

    graph: Graph
    probe: Probe
    definite: bool
    per_run: int = PER_RUN
    known: dict[str, Health] = field(default_factory=dict)
    runs: int = 0

    def locate(self) -> int | None:
        """The position of the guilty layer, or None where every output of the model is healthy."""
        self.look(self.graph.outputs)
        wrong = [name for name in self.graph.outputs if not self.known[name].healthy]
        if not wrong:
            return None
        while True:
            suspects = self.suspects(wrong)
            if unknown := self.unknown(suspects):
                self.look(spread(unknown, self.per_run))
                continue
            guilty = self.first(suspects)
            if nearby := self.nearby(guilty):
                self.look(nearby)
                continue
            return guilty

    def look(self, names: Sequence[str]) -> None:
        """Judge those of `names` that are not known yet, with one run."""
        names = [name for name in names if name not in self.known]
        if names:
            self.known.update(self.probe(names))
            self.runs += 1

    def suspects(self, wrong: Sequence[str]) -> list[int]:
        """Layers in order that may be guilty: what the first tensor known to be bad comes from, and no good one does.

        A healthy tensor vouches for what it was computed from, unless something of that is known to be bad: then a
        layer between has hidden the fault, as a ReLU may.
        """
        bad = [name for name in self.graph.tensors if name in self.known and self.is_bad(name)]
        first = min((name for name in (*bad, *wrong) if name in self.graph.maker), key=self.graph.maker.__getitem__)
        behind = self.graph.descendants(name for name in bad if self.known[name].state is State.WRONG)
        vouched = self.graph.ancestors(
            name
            for name, found in self.known.items()
            if found.healthy and found.vouches and self.graph.maker.get(name, -1) not in behind
        )
        suspects = self.graph.ancestors([first]) - vouched
        return sorted(suspects | {self.graph.maker[first]})

    def is_bad(self, name: str) -> bool:
        """Whether a known tensor is wrong, as far as is known."""
        if self.known[name].healthy:
            return False
        return self.definite or self.known[name].state is State.WRONG or not self.has_healthy_descendant(name)

    def has_healthy_descendant(self, name: str) -> bool:
        """Whether something that was computed from it is right, so that it only lacks a counterpart."""
        return any(
            name in self.known and self.known[name].healthy and self.known[name].vouches
            for position in self.graph.descendants([name])
            for name in self.graph.layers[position].outputs
        )

    def unknown(self, positions: Sequence[int]) -> list[str]:
        """The outputs of layers that nobody has looked at yet, in order."""
        return [name for at in positions for name in self.graph.observable(at) if name not in self.known]

    def first(self, suspects: Sequence[int]) -> int:
        """The first suspect with a bad output; the last one where the runtime shows none of their outputs."""
        for position in suspects:
            if any(self.is_bad(name) for name in self.graph.observable(position) if name in self.known):
                return position
        return suspects[-1]

    def nearby(self, guilty: int) -> list[str]:
        """What must still be looked at to be sure: its inputs, and what is computed from it next."""
        layer = self.graph.layers[guilty]
        shown = set(self.graph.tensors)
        around = [name for name in layer.inputs if name in shown]
        if not self.definite:
            after = sorted(self.graph.descendants(layer.outputs))[: self.per_run]
            around += [name for position in after for name in self.graph.observable(position)]
        return [name for name in around if name not in self.known]


def spread(names: Sequence[str], count: int) -> list[str]:
    """At most `count` of `names`, evenly over their order, with the last one."""
    if len(names) <= count:
        return list(names)
    step = len(names) / count
    return [names[int((index + 1) * step) - 1] for index in range(count)]
