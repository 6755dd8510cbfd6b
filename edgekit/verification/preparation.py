"""The stages that verify one artifact, planned before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edgekit.artifact.load import Artifact
from edgekit.artifact.origin import program_folder_of
from edgekit.artifact.owned import check_golden, check_ranges
from edgekit.artifact.samples import (
    batch_of_calls,
    fed_file,
    few_samples,
    golden_file,
    part_of,
    run_options,
)
from edgekit.devices.lite_library import LiteLibrary, check_machine
from edgekit.devices.machine import runs_nowhere
from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
from edgekit.inputs.photo_folder import PhotoFolder
from edgekit.native.device_runner import device_runner
from edgekit.native.lite_runner import lite_runner, runner_inputs
from edgekit.native.plan import network_layers
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.memory import estimated_memory
from edgekit.pipeline.runs import reference_stage, run_stage
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.stage import SourceFile, Stage
from edgekit.pipeline.target import Target, Variant, targets
from edgekit.reference.match import Subject, program_hashes
from edgekit.verification.ledger import ledger_stages
from edgekit.verification.ranges import RangeStages, range_stages


@dataclass(frozen=True)
class Preparation:
    """The stages that verify one artifact: the reference on the golden inputs, and a run per variant."""

    artifact: Artifact
    target: Target
    golden: GoldenFile
    reference: Stage
    runs: dict[str, Stage]
    fed: GoldenFile
    """What the artifact itself is given: `golden`, or its 8-bit levels where the preprocessing is embedded."""
    ranges: RangeStages | None = None
    """What values the program's layers take; FP16 and INT8 ask for them."""
    ledgers: Mapping[str, Stage] = field(default_factory=dict)
    """The account of each variant's parameters, where its files can be read."""
    machine: AnyMachine | None = None
    """The emulated one, or the device, that the runs are on."""
    chosen: tuple[int, ...] | None = None
    """The golden samples that the artifact itself is run on, where those are not all."""
    runner: Stage | None = None
    """The program that runs a variant on it, where that is not a worker."""

    @property
    def stages(self) -> list[Stage]:
        """All that is to be run."""
        ranges = self.ranges.stages if self.ranges else []
        return [self.reference, *self.runs.values(), *ranges, *self.ledgers.values()]

    @property
    def passing(self) -> list[Stage]:
        """Those that are made for one call alone: what ran on a device."""
        return [stage for stage in self.runs.values() if isinstance(stage.machine, RemoteMachine)]

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Those that are run or inspected, as this machine, the emulated one or the device can do them."""
        build = self.artifact.manifest.build
        return self.target.variants_on(self.machine, build, with_library=self.runner is not None)


def prepare(
    artifact: Artifact,
    executor: Executor,
    *,
    timed: bool = True,
    own: PhotoFolder | None = None,
    machine: AnyMachine | None = None,
    few: bool = False,
    runner: Stage | None = None,
) -> Preparation:
    """Plan the verification of one artifact; without `timed`, runs take one core each and no latency is measured.

    With `few` it is run on those golden samples alone that travel with it; reference and oracle always see all, and
    so set the same limits. `runner` runs what needs the user's own library on `machine`.
    Raises UsageError where a file of somebody else lies where its golden inputs or the ranges of its layers belong, and
    AbsentError as `verify`.
    """
    check_golden(artifact.folder)
    manifest = artifact.manifest
    target = targets()[manifest.target]
    golden = golden_file(artifact, executor.store.cache, own, executor.store.notify)
    fed = fed_file(artifact, executor.store.cache, golden)
    program = SourceFile(program_folder_of(manifest, executor.store.root), manifest.program_key)
    files, options = artifact.by_role(), run_options(artifact)
    memory = estimated_memory(max(record.bytes for record in manifest.files.values()))
    ranges = range_stages(manifest, program, golden, executor, memory_bytes=memory)
    if ranges is not None:
        check_ranges(artifact.folder)
    variants = target.variants_on(machine, manifest.build, with_library=runner is not None)
    beside = runner_inputs(artifact, runner, executor.store.cache) if runner else None
    chosen = few_samples(manifest, golden) if few else None
    given = fed if chosen is None else part_of(fed, chosen, executor.store.cache)
    return Preparation(
        artifact,
        target,
        golden,
        reference_stage(
            program,
            manifest.model.name,
            golden,
            batch_of_calls(manifest),
            made_by=manifest.stages[0].stage,
            memory_bytes=memory,
            timed=timed,
        ),
        {
            variant.name: run_stage(
                target,
                variant,
                manifest.model.name,
                files,
                given,
                options,
                memory_bytes=memory,
                timed=timed,
                machine=machine,
                beside=beside,
            )
            for variant in variants
        },
        fed,
        ranges,
        ledger_stages(artifact, target, executor.store.root),
        machine,
        chosen,
        runner,
    )


def subject_of(prepared: Preparation) -> Subject:
    """What an artifact must have in common with a reference."""
    manifest, program = prepared.artifact.manifest, prepared.reference.inputs["program"]
    assert isinstance(program, SourceFile)  # as `prepare` makes it
    graph_sha256, parameters_sha256 = program_hashes(program.path)
    return Subject(
        model=manifest.model.name,
        architecture=manifest.model.architecture,
        class_count=manifest.outputs[0].shape[1],
        input_size=manifest.preprocessing.input_size,
        batch=manifest.batch,
        weights_spec=manifest.weights.spec,
        weights_sha256=manifest.weights.sha256,
        graph_sha256=graph_sha256,
        parameters_sha256=parameters_sha256,
        samples_sha256=prepared.golden.sha256,
        sample_count=len(prepared.golden.labels),
        precision=manifest.precision,
        named_network=manifest.weights.kind != "program",
    )


def runner_on(
    machine: AnyMachine | None, artifact: Artifact, library: LiteLibrary | None, executor: Executor
) -> Stage | None:
    """The program that runs an artifact on a machine, in the place of a worker; None where there is none.

    That is one with the user's own library on an emulated machine, one with the artifact's layers on a device. Raises
    UsageError where the library is for another processor, AbsentError where no compiler is here.
    """
    target, manifest = targets()[artifact.manifest.target], artifact.manifest
    if isinstance(machine, RemoteMachine):
        if not any(one.hosted for one in target.variants_on(machine, manifest.build)):
            return None
        return device_runner(machine, network_layers(artifact, executor), manifest.precision, executor)
    if machine is None or library is None or not any(one.with_library(machine).hosted for one in target.variants):
        return None
    check_machine(library, machine)
    return lite_runner(library)


def check_runs(machine: AnyMachine | None, prepared: Sequence[Preparation]) -> None:
    """Raise UsageError where nothing of all that was asked for runs on another machine: that is no verification."""
    if machine is not None and all(variant.not_run for one in prepared for variant in one.variants):
        raise runs_nowhere((one.target.name for one in prepared), machine)
