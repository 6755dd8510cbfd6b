"""Diagnoses one artifact: which step, which layer, which rewrite, and a reproducer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edgekit.artifact.rules import rules_for
from edgekit.artifact.samples import batch_of_calls, golden_file, run_options
from edgekit.devices.machine import Machine, runs_nowhere
from edgekit.diagnose.accounts import unaccounted
from edgekit.diagnose.attempts import Attempts, stand_in
from edgekit.diagnose.breaking import Breaking
from edgekit.diagnose.causes import beyond_format_words, same_as_fresh_words, unaccounted_words, undecided_words
from edgekit.diagnose.cures import Pharmacy
from edgekit.diagnose.health import FLOOR
from edgekit.diagnose.inside import Inside, Laboratory
from edgekit.diagnose.judge import Judge, load
from edgekit.diagnose.locate import Located, Sample, locate
from edgekit.diagnose.parameters import changed_parameters, first_changed
from edgekit.diagnose.report import CureReport, Diagnosis, LayerReport, ReproducerReport, StepReport, TensorReport
from edgekit.diagnose.reproducer import Case, write_reproducer
from edgekit.diagnose.steps import ARTIFACT, CONVERTED, ELSEWHERE, File, Step, conversion_of
from edgekit.diagnose.subject import Subject
from edgekit.diagnose.wording import sentence
from edgekit.errors import ConversionError, EdgekitError, UsageError
from edgekit.inputs.photo_folder import PhotoFolder
from edgekit.parity.ranges import beyond, beyond_words, read_ranges
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.memory import estimated_memory
from edgekit.pipeline.plan import way_to
from edgekit.pipeline.runs import ranges_stage, reference_stage
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Variant, targets


def diagnose(
    subject: Subject,
    executor: Executor,
    reproducer: Path | None,
    *,
    twins: bool = True,
    own: PhotoFolder | None = None,
    recipe: Path | None = None,
    machine: Machine | None = None,
) -> list[Diagnosis]:
    """Every variant of `subject` that is wrong, or one healthy diagnosis where none is, on the user's `own` photos
    where there are some, by the rules of the user's `recipe` where there is one.

    A reproducer goes into the folder `reproducer`, unless that is None. Without `twins`, an artifact is never compared
    with a fresh conversion, only with the step before. On an emulated `machine` the artifact is run after it was run
    here. Raises what the reference ends with, and UsageError for a machine on which it does not run.
    """
    found = [
        Examination.of(subject, variant, executor, reproducer, twins, own, recipe, machine).diagnosis()
        for variant in variants(subject, machine)
    ]
    wrong = [one for one in found if not one.healthy]
    return wrong or found[:1]


def variants(subject: Subject, machine: Machine | None = None) -> tuple[Variant, ...]:
    """Those of the artifact, on an emulated machine those that run there; of a conversion that failed, the first.

    Raises UsageError for an emulated machine on which none runs.
    """
    every = subject.target.variants_on(machine, subject.manifest.build)
    if machine is not None:
        every = tuple(one for one in every if not one.not_run)
        if not every:
            raise runs_nowhere([subject.target.name], machine)
    return every if subject.artifact else every[:1]


@dataclass
class Examination:
    """One variant of one subject, under examination."""

    subject: Subject
    variant: Variant
    laboratory: Laboratory
    judge: Judge
    attempts: Attempts
    reproducer: Path | None

    @classmethod
    def of(
        cls,
        subject: Subject,
        variant: Variant,
        executor: Executor,
        reproducer: Path | None,
        twins: bool,
        own: PhotoFolder | None = None,
        recipe: Path | None = None,
        machine: Machine | None = None,
    ) -> "Examination":
        """With the reference and the oracle at hand."""
        manifest = subject.manifest
        golden = golden_file(stand_in(subject), executor.store.cache, own, executor.store.notify)
        weights = executor.store.folder(subject.plan.program) / "inference.pdiparams"
        memory = estimated_memory(weights.stat().st_size if weights.exists() else 0)
        laboratory = Laboratory(executor, memory)
        program = SourceFile(executor.store.folder(subject.plan.program), subject.plan.program.key)
        batch = run_options(stand_in(subject))["batch"]
        timed, quick = (
            reference_stage(
                program,
                manifest.model.name,
                golden,
                batch,
                made_by=subject.plan.program.worker,
                memory_bytes=memory,
                timed=timed,
            )
            for timed in (True, False)
        )
        # Verification's own run, where there was one, has the same outputs.
        (truth,) = laboratory.run([timed if executor.store.find(timed) else quick])
        judge = Judge.of(manifest, golden, truth, rules_for(manifest, recipe).tolerance)
        attempts = Attempts(subject, variant, laboratory, judge, truth, twins, machine)
        return cls(subject, variant, laboratory, judge, attempts, reproducer)

    def diagnosis(self) -> Diagnosis:
        """The whole examination; large intermediate files do not outlive it."""
        try:
            return self.examined()
        finally:
            self.laboratory.tidy()

    def examined(self) -> Diagnosis:
        """Steps first; where one is guilty, its layer; then what mends it."""
        if self.variant.not_run:
            return self.inspected()
        tried = self.attempts.run()
        reports = self.attempts.judged(tried)
        at = next((number for number, report in enumerate(reports) if report.status == "guilty"), None)
        if at is None:
            undecided = [report for report in reports if report.status == "undecided"]
            cause = undecided_words(undecided[-1].reason) if undecided else self.beyond_format()
            same = not any(step.name == CONVERTED for step, _ in tried) if self.attempts.twins else None
            return self.accounted(tuple(reports), same, cause)
        if at == 0:
            return self.told(tuple(reports), reports[0])
        step, outcome = tried[at]
        healthy = tried[at - 1][0]
        sample = self.sample(step, outcome)
        twin = step.name == ARTIFACT and healthy.name == CONVERTED
        breaks = isinstance(outcome, EdgekitError)
        located, reason = (
            self.broken(step, healthy, outcome, sample) if breaks else self.located(step, healthy, sample, twin)
        )
        layer = located and self.layer_report(located, twin)
        if step.name == ELSEWHERE:
            # The same file is right here: no rewrite and no vendor's tool on this machine would show it.
            return self.told(tuple(reports), reports[at], located, layer, reason=reason, sample=sample)
        cures = [] if twin or step.format != self.subject.target.name else self.cures(located)
        case = Case(self.subject, self.variant, step, healthy, located, twin, breaks, sample, self.laboratory)
        reproducer = self.reproduced(case)
        return self.told(tuple(reports), reports[at], located, layer, tuple(cures), reproducer, reason, sample)

    def accounted(self, steps: tuple[StepReport, ...], fresh: bool | None = None, cause: str = "") -> Diagnosis:
        """What is said where no step is to blame: `cause`, and what the ledger cannot account for, with its layer.

        `fresh`: whether the files are what a fresh conversion makes, where that is known.
        """
        found = unaccounted(self.subject, self.variant, self.laboratory)
        if found is None:
            return self.told(steps, None, cause=cause)
        words = " ".join(filter(None, (unaccounted_words(found.row.reason, fresh), cause)))
        return self.told((*steps, found.row), None, layer=found.layer, cause=words)

    def beyond_format(self) -> str:
        """Of an FP16 artifact, what of the program's layers FP16 cannot hold; empty where all is well."""
        subject = self.subject
        if subject.manifest.precision != "fp16":
            return ""
        program = subject.plan.program
        stage = ranges_stage(
            SourceFile(self.laboratory.executor.store.folder(program), program.key),
            subject.manifest.model.name,
            self.judge.golden,
            batch_of_calls(subject.manifest),
            made_by=program.worker,
            memory_bytes=self.laboratory.memory_bytes,
        )
        (result,) = self.laboratory.run([stage])
        found = beyond(read_ranges(result.folder / "ranges.json"))
        return beyond_format_words(beyond_words(found)) if found else ""

    def sample(self, step: Step, outcome: StageResult | EdgekitError) -> tuple[str, Sample]:
        """The golden sample that parts most, with a label; a whole call's where a batch is fixed."""
        at = 0
        if isinstance(outcome, StageResult):
            own = self.attempts.own_precision(step)
            at = self.judge.worst_sample(outcome.folder / step.outputs_file, own_precision=own)
        batch = self.subject.manifest.batch
        size = batch if isinstance(batch, int) else 1
        first = at // size * size
        tensors = {name: np.array(value[first : first + size]) for name, value in load(self.judge.golden.path).items()}
        return self.judge.golden.labels[at], Sample.write(tensors, self.laboratory.executor.store.cache)

    def located(self, step: Step, healthy: Step, sample: tuple[str, Sample], twin: bool) -> tuple[Located | None, str]:
        """The layer, or the reason why none is named."""
        without = next((one for one in (step, healthy) if one.observer is None), None)
        if without is not None:
            return None, f"the runtime of {without.title} shows no inner tensors"
        precision = self.subject.manifest.precision if step.format == self.subject.target.name else "fp32"
        same = twin or step.name == ELSEWHERE
        try:
            located = locate(
                Inside(step, self.laboratory, precision),
                Inside(healthy, self.laboratory, precision if same else "fp32"),
                sample[1],
                twin=twin,
                floor=self.floor() if step.name == ELSEWHERE else None,
            )
        except EdgekitError as error:
            return None, f"its inner tensors could not be had: {error.message}"
        if located is None:
            return None, (
                "every layer does what it should while its tensors are looked at; what is wrong appears only where "
                "the runtime joins layers"
            )
        return located, ""

    def floor(self) -> float:
        """By how much of its largest value a tensor may be off on another machine: FP16 is rounded in other places."""
        allowed = self.judge.tolerance.max_relative if self.subject.manifest.precision != "fp32" else None
        return FLOOR if allowed is None else allowed

    def broken(
        self, step: Step, healthy: Step, outcome: StageResult | EdgekitError, sample: tuple[str, Sample]
    ) -> tuple[Located | None, str]:
        """The layer of the healthy step on which the conversion gives up, or the runtime on what was converted.

        None where a file alone is at fault: a fresh conversion runs, or the runtime says what is wrong with it.
        """
        if not isinstance(outcome, ConversionError) or healthy.name == CONVERTED or step.format == healthy.format:
            return None, ""
        if healthy.observer is None:
            return None, f"the layers of {healthy.title} cannot be listed"
        store = self.laboratory.executor.store
        runs = step.name == ARTIFACT or (step.make is not None and store.find(step.make) is not None)
        try:
            inside = Inside(healthy, self.laboratory)
            graph = inside.graph()
            shapes = {spec.name: self.fixed(spec.program_shape) for spec in self.subject.manifest.inputs}
            given = sample[1].plain if runs else None
            _, worker, _ = way_to(self.subject.plan, targets()[step.format])
            layer = Breaking(healthy, graph, shapes, step.format, worker, self.laboratory, given).locate()
        except EdgekitError as error:
            return None, f"the layer could not be found by cutting: {error.message}"
        what = "runs" if runs else "conversions"
        if layer is None:
            return None, f"{'it fails to run' if runs else 'the conversion fails'} only as a whole"
        return Located(graph, layer, (), layer, graph, {}, f"{what} of ever shorter models"), ""

    def fixed(self, shape: tuple[int, ...]) -> list[int]:
        """A shape with one sample where the batch is open."""
        return [1 if extent < 0 else extent for extent in shape]

    def layer_report(self, located: Located, twin: bool) -> LayerReport:
        """The layer in data, with the parameters that changed where there is a twin to compare with."""
        layer = located.layer
        changed = changed_parameters(layer, located.healthy_graph) if twin else ()
        return LayerReport(
            layer.name,
            layer.type,
            layer.attributes,
            tuple(tensor_report(name, located.known) for name in (located.with_it or (layer,))[0].inputs),
            tuple(tensor_report(name, located.known) for name in layer.outputs if name in located.known),
            tuple(f"{one.name} ({one.type})" for one in located.with_it),
            f"{other.name} ({other.type})" if (other := located.stands_for) and other is not layer else None,
            other.outputs if other else (),
            changed,
        )

    def cures(self, located: Located | None) -> list[CureReport]:
        """What the rewrites that were not used would do."""
        pharmacy = Pharmacy(self.subject, self.judge, self.laboratory, self.attempts.converted)
        return pharmacy.cures(located.stands_for if located else None)

    def reproduced(self, case: Case) -> ReproducerReport | None:
        """The reproducer, tried; without a layer or a folder there is none."""
        if self.reproducer is None or case.located is None:
            return None
        try:
            return write_reproducer(case, self.reproducer)
        except EdgekitError as error:
            script, refused = self.reproducer / "reproduce.py", isinstance(error, UsageError)
            return ReproducerReport(self.reproducer, script, reason=error.message, refused=refused)

    def inspected(self) -> Diagnosis:
        """A variant that cannot run here: its parameters beside those of a fresh conversion."""
        subject = self.subject
        artifact = subject.artifact
        assert artifact is not None  # a conversion that failed is examined by its first variant
        files = artifact.by_role()
        own: dict[str, File] = {role: files[file] for role, file in self.variant.inputs.items()}
        worker = subject.target.worker(self.variant.worker)
        inspection = Stage(worker, f"inspection of {subject.target.description.title} {self.variant.name}", own)
        title = f"{subject.target.description.title} {self.variant.name} artifact"
        try:
            (result,) = self.laboratory.run([inspection])
            agrees, reason = result.details["agrees"], "; ".join(result.details.get("differences", []))
        except EdgekitError as error:
            agrees, reason = False, str(error)
        status = "ok" if agrees else "guilty"
        step = StepReport(ARTIFACT, title, "", status, reason=reason or str(self.variant.not_run))
        if agrees:
            return self.accounted((step,))
        made = subject.converted or conversion_of(subject.plan, subject.target)
        layer = None
        try:
            (converted,) = self.laboratory.run([made])
            role, file = next(iter(self.variant.inputs.items()))
            if converted.files[file]["sha256"] == files[file].sha256:
                # The comparison blames the pair; this one of the two is what a fresh conversion makes.
                if any(converted.files[one]["sha256"] != files[one].sha256 for one in self.variant.inputs.values()):
                    return self.accounted((msgspec.structs.replace(step, status="ok", reason=""),), fresh=True)
                return self.told((step,), step, cause=same_as_fresh_words(title, reason))
            mine, fresh = (
                Inside(Step(ARTIFACT, title, subject.target.name, {"model": one}), self.laboratory).graph()
                for one in (own[role], StageFile(made, file))
            )
            layer = first_changed(mine, fresh)
        except EdgekitError as error:
            reason = f"{reason}; {error.message}"
        return self.told((step,), step, None, layer, reason=reason)

    def told(
        self,
        steps: tuple[StepReport, ...],
        guilty: StepReport | None,
        located: Located | None = None,
        layer: LayerReport | None = None,
        cures: tuple[CureReport, ...] = (),
        reproducer: ReproducerReport | None = None,
        reason: str = "",
        sample: tuple[str, Sample] | None = None,
        cause: str = "",
    ) -> Diagnosis:
        """Everything together, with the paragraph that says it; `cause` where no layer is to blame."""
        subject = self.subject
        found = Diagnosis(
            model=subject.manifest.model.name,
            target=subject.target.name,
            variant=self.variant.name,
            artifact=subject.artifact and subject.artifact.folder,
            healthy=guilty is None and not cause,
            sentence="",
            changed_files=subject.changed_files,
            steps=steps,
            compared_with=located.comparison if located else "",
            sample=sample[0] if sample else "",
            layer=layer,
            cures=cures,
            reproducer=reproducer,
            runs=self.laboratory.runs,
        )
        return msgspec.structs.replace(found, sentence=sentence(found, guilty, reason, cause))


def tensor_report(name: str, known: Mapping[str, Any]) -> TensorReport:
    """One tensor as data."""
    found = known.get(name)
    if found is None:
        return TensorReport(name)
    error = found.error if found.error is None or np.isfinite(found.error) else None
    return TensorReport(name, found.shape, error, found.counterpart, found.healthy_shape)
