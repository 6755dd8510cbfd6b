"""What a matrix is made of: the models with their weights, grouped by the work that they share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.cache.kept import Notify
from edgekit.catalog import Model
from edgekit.errors import AbsentError, ConversionError, EdgekitError
from edgekit.matrix.record import cell_key
from edgekit.pipeline.plan import REFERENCE_WORKER, Plan, plan_conversion
from edgekit.pipeline.source import CatalogSource, catalog_source
from edgekit.pipeline.stage import Stage
from edgekit.pipeline.target import Target
from edgekit.recipe.schema import ExpectedFailure
from edgekit.weights import resolve_weights


@dataclass(frozen=True)
class Entry:
    """A cell to be: a model with its plan, a target, the key of the result, the failure that its recipe expects."""

    plan: Plan
    target: Target
    key: str
    expected: ExpectedFailure | None

    @property
    def source(self) -> CatalogSource:
        """The model; a matrix is of the catalog's."""
        assert isinstance(self.plan.source, CatalogSource)
        return self.plan.source

    @property
    def conversion(self) -> Stage:
        """The last stage before the artifact."""
        return self.plan.conversions[self.target.name]


@dataclass
class Group:
    """Entries whose models are the same program: their stages have the same keys, and run once."""

    program: Stage
    entries: list[Entry] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The program's key."""
        return self.program.key

    def conversions(self) -> list[Stage]:
        """What to ask for: the programs (the artifacts' manifests describe them) and the targets' conversions."""
        stages = [stage for entry in self.entries for stage in (*entry.plan.programs, entry.conversion)]
        return list({stage.key: stage for stage in stages}.values())

    def outputs(self) -> list[Stage]:
        """Every stage whose output is as big as the network: from the weights to the targets' files."""
        return list({stage.key: stage for entry in self.entries for stage in lineage(entry.conversion)}.values())

    def run_workers(self) -> set[str]:
        """The workers that verify its artifacts, the reference's included."""
        runners = {entry.target.worker(variant.worker) for entry in self.entries for variant in entry.target.variants}
        return {REFERENCE_WORKER, *runners}


def lineage(stage: Stage) -> list[Stage]:
    """A stage and all before it."""
    return [*(earlier for one in stage.dependencies() for earlier in lineage(one)), stage]


def find_sources(
    models: Sequence[Model], weights: str, cache: Path, *, offline: bool, notify: Notify = lambda _: None
) -> dict[str, CatalogSource | EdgekitError]:
    """Each model with its weights, or why it has none here. Raises UsageError for impossible weights."""
    found: dict[str, CatalogSource | EdgekitError] = {}
    for model in models:
        try:
            resolved = resolve_weights(model, weights, cache, offline=offline, notify=notify)
            found[model.name] = catalog_source(model, resolved)
        except (AbsentError, ConversionError) as error:
            found[model.name] = error
    return found


def make_entries(source: CatalogSource, targets: list[Target], *, timed: bool) -> list[Entry]:
    """The cells of one model."""
    plan = plan_conversion(source, targets)
    return [
        Entry(
            plan,
            target,
            cell_key(plan, target, timed=timed),
            source.recipe.expected_failure(target.name, source.name),
        )
        for target in targets
    ]


def make_groups(entries: Sequence[Entry]) -> list[Group]:
    """The entries by the program that they share, in the order of their first model."""
    groups: dict[str, Group] = {}
    for entry in entries:
        groups.setdefault(entry.plan.program.key, Group(entry.plan.program)).entries.append(entry)
    return list(groups.values())
