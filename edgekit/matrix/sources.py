"""What a matrix is made of: the models with their weights, grouped by the work that they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.cache.kept import Notify
from edgekit.calibration.prepared import CalibrationFile
from edgekit.catalog import Model
from edgekit.devices.machine import Machine
from edgekit.errors import AbsentError, ConversionError, EdgekitError
from edgekit.inputs.size import Size
from edgekit.matrix.record import cell_key
from edgekit.parity.verdict import Precision
from edgekit.pipeline.plan import Plan, conversions_of, plan_conversion
from edgekit.pipeline.runs import REFERENCE_WORKER
from edgekit.pipeline.source import CatalogSource, catalog_source
from edgekit.pipeline.stage import Stage
from edgekit.pipeline.target import Target
from edgekit.recipe.schema import ExpectedFailure
from edgekit.weights import resolve_weights


@dataclass(frozen=True)
class Entry:
    """A cell to be: a model with its plan, a target, the key of the result, the failure that its recipe expects.

    `machine` is the emulated one that it runs on. `place` is the folder below the matrix's own that holds the
    artifact's: models at another input size than their own lie apart.
    """

    plan: Plan
    target: Target
    key: str
    expected: ExpectedFailure | None
    machine: Machine | None = None
    place: str = ""

    @property
    def source(self) -> CatalogSource:
        """The model; a matrix is of the catalog's."""
        assert isinstance(self.plan.source, CatalogSource)
        return self.plan.source

    @property
    def conversion(self) -> Stage:
        """The last stage before the artifact."""
        return self.plan.conversions[self.target.name]

    @property
    def machine_name(self) -> str | None:
        """The emulated machine by its name."""
        return self.machine and self.machine.name

    def folder(self, out: Path) -> Path:
        """Where its artifact lies in a matrix's folder; entries that differ in their machine alone share it."""
        return out / self.place / self.source.name / self.target.folder(self.plan.precision)


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
        stages = [
            stage
            for entry in self.entries
            for stage in (*entry.plan.programs, *conversions_of(entry.plan, entry.target))
        ]
        return list({stage.key: stage for stage in stages}.values())

    def outputs(self) -> list[Stage]:
        """Every stage whose output is as big as the network: from the weights to the targets' files."""
        return list({stage.key: stage for entry in self.entries for stage in lineage(entry.conversion)}.values())

    def run_workers(self) -> set[tuple[str, Machine | None]]:
        """The workers that verify its artifacts, the reference's included, each with the machine that it runs on."""
        runners = {
            (entry.target.worker(variant.worker), None if variant.not_run else entry.machine)
            for entry in self.entries
            for variant in entry.target.variants_on(entry.machine, {})
        }
        return {(REFERENCE_WORKER, None), *runners}


def lineage(stage: Stage) -> list[Stage]:
    """A stage and all before it."""
    return [*(earlier for one in stage.dependencies() for earlier in lineage(one)), stage]


def find_sources(
    models: Sequence[Model],
    weights: str,
    cache: Path,
    *,
    offline: bool,
    notify: Notify = lambda _: None,
    input_size: Size | None = None,
) -> dict[str, CatalogSource | EdgekitError]:
    """Each model with its weights, or why it has none here, at its own input size unless `input_size` says another.

    Raises UsageError for impossible weights, and for a size that no model has.
    """
    found: dict[str, CatalogSource | EdgekitError] = {}
    for model in models:
        try:
            resolved = resolve_weights(model, weights, cache, offline=offline, notify=notify)
            found[model.name] = catalog_source(model, resolved, input_size=input_size)
        except (AbsentError, ConversionError) as error:
            found[model.name] = error
    return found


def make_entries(
    source: CatalogSource,
    targets: Mapping[Machine | None, list[Target]],
    *,
    timed: bool,
    small: CatalogSource | None = None,
    precision: Precision = "fp32",
    calibrations: Mapping[Size, CalibrationFile] | None = None,
) -> list[Entry]:
    """The cells of one model: `targets` are those that run on each machine, this one (None) first where it is one.

    `small` is the same model at the input size that it has on emulated machines, where that is another.
    `calibrations` are the prepared photos by input size, which INT8 needs.
    """
    entries = []
    for machine, there in targets.items():
        chosen = source if machine is None or small is None else small
        prepared = calibrations[chosen.input_size] if calibrations else None
        plan = plan_conversion(chosen, there, precision, calibration=prepared)
        place = "" if chosen is source else f"{chosen.input_size}px"
        entries += [
            Entry(
                plan,
                target,
                cell_key(plan, target, timed=timed, machine=machine),
                source.recipe.expected_failure(target.name, source.name, precision),
                machine,
                place,
            )
            for target in there
        ]
    return entries


def make_groups(entries: Sequence[Entry]) -> list[Group]:
    """The entries by the program that they share, in the order of their first model."""
    groups: dict[str, Group] = {}
    for entry in entries:
        groups.setdefault(entry.plan.program.key, Group(entry.plan.program)).entries.append(entry)
    return list(groups.values())
