"""A rewrite is one small repair of a graph: a pattern, a check that says why not, the change.

The driver knows nothing of the graph's kind: a Paddle program and an ONNX graph are rewritten alike.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

Graph = TypeVar("Graph")
Match = TypeVar("Match")


class Rewrite(Generic[Graph, Match]):
    """Subclass it: `name` is what recipes call it, the docstring says what breaks without it.

    `only` names the one of a target's files that it is for; it is for all of them where it is empty.
    """

    name: str
    only: str = ""

    def matches(self, graph: Graph) -> Iterable[Match]:
        """Every place that has the pattern."""
        raise NotImplementedError

    def check(self, graph: Graph, match: Match) -> str | None:
        """None where the change keeps the meaning; else the reason why it does not apply here."""
        raise NotImplementedError

    def apply(self, graph: Graph, match: Match) -> None:
        """Change the graph in place."""
        raise NotImplementedError


@dataclass
class Report:
    """What one rewrite did: `applied` places changed, and a reason for each place `refused`."""

    name: str
    applied: int = 0
    refused: list[str] = field(default_factory=list)


def apply_rewrites(graph: Graph, rewrites: Sequence[Rewrite[Graph, Any]]) -> list[dict[str, Any]]:
    """Apply `rewrites` in order, each to every place it finds; returns their reports as plain data."""
    reports: list[dict[str, Any]] = []
    for rewrite in rewrites:
        report = Report(rewrite.name)
        for match in list(rewrite.matches(graph)):
            reason = rewrite.check(graph, match)
            if reason is None:
                rewrite.apply(graph, match)
                report.applied += 1
            else:
                report.refused.append(reason)
        reports.append(asdict(report))
    return reports


def select(available: Sequence[Rewrite[Graph, Any]], names: Sequence[str]) -> list[Rewrite[Graph, Any]]:
    """The rewrites called `names`, in that order. Raises KeyError with the unknown name."""
    by_name = {rewrite.name: rewrite for rewrite in available}
    return [by_name[name] for name in names]
