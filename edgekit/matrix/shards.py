"""A matrix in parts, for machines that share nothing: which models a part has."""

from collections import defaultdict
from collections.abc import Sequence

from edgekit.catalog import Model
from edgekit.matrix.estimate import stage_cost
from edgekit.shards import Shard


def models_of(models: Sequence[Model], shard: Shard | None) -> list[Model]:
    """The models of a part, in their order; all of them where there is none.

    Models of one architecture share their stages, and stay together. The costliest go first, each to the part that has
    the least by then, which is the same on every machine.
    """
    if shard is None:
        return list(models)
    number, parts = shard
    groups: dict[str, list[Model]] = defaultdict(list)
    for model in models:
        groups[model.architecture.name].append(model)
    costs = {name: cost_of(found[0]) for name, found in groups.items()}
    loads = [0.0] * parts
    mine: set[str] = set()
    for name in sorted(groups, key=lambda one: (-costs[one], one)):
        least = loads.index(min(loads))
        loads[least] += costs[name]
        if least == number - 1:
            mine.add(name)
    return [model for model in models if model.architecture.name in mine]


def cost_of(model: Model) -> float:
    """What a model takes beside another."""
    millions = (model.architecture.parameters or 0) / 1e6
    return stage_cost(millions, run=False) + stage_cost(millions, run=True)
