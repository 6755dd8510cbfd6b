"""Makes and runs every step from the program to the artifact, and judges what each gives."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgekit.artifact.load import Artifact
from edgekit.artifact.samples import run_options
from edgekit.devices.machine import Machine
from edgekit.diagnose.causes import tells_nothing
from edgekit.diagnose.inside import Laboratory
from edgekit.diagnose.judge import Judge, largest_error
from edgekit.diagnose.report import StepReport
from edgekit.diagnose.steps import (
    ARTIFACT,
    CONVERTED,
    ELSEWHERE,
    PROGRAM_FASTER,
    PROGRAM_REWRITTEN,
    REWRITTEN,
    File,
    Step,
    conversion_of,
    steps_before,
)
from edgekit.diagnose.subject import Subject
from edgekit.errors import EdgekitError
from edgekit.pipeline.program import PROGRAM
from edgekit.pipeline.stage import Stage, StageFile
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Variant

Tried = tuple[Step, StageResult | EdgekitError]


def changed(rewritten: StageResult) -> bool:
    """Whether a rewrite applied: else there is no other graph to run."""
    return any(report["applied"] for report in rewritten.details["rewrites"])


def stand_in(subject: Subject) -> Artifact:
    """The artifact, or one without files where the conversion failed: what only needs a manifest takes either."""
    return subject.artifact or Artifact(Path(), subject.manifest)


@dataclass
class Attempts:
    """The steps of one variant. `reference` is the program's own run; without `twins` no fresh conversion is run.

    The last one is on the emulated `machine`, where there is one: the files that this machine has just run.
    """

    subject: Subject
    variant: Variant
    laboratory: Laboratory
    judge: Judge
    reference: StageResult
    twins: bool
    machine: Machine | None = None

    def run(self) -> list[Tried]:
        """Each step with its outputs, or with what kept it from having any; the program in FP32 first."""
        subject = self.subject
        plain = self.plain_options()
        steps = [
            self.program_step(),
            *(replace(step, options=plain) for step in steps_before(subject.plan, subject.target)),
        ]
        made = subject.converted or conversion_of(subject.plan, subject.target)
        executor = self.laboratory.executor
        outcomes = executor.run([step.make for step in steps if step.make] + [made])
        tried: list[Tried] = [(steps[0], self.reference)]
        for step in steps[1:]:
            assert step.make is not None
            outcome = outcomes.by_key[step.make.key]
            if not isinstance(outcome, StageResult):
                tried.append((step, outcome))
            elif step.name not in (PROGRAM_REWRITTEN, PROGRAM_FASTER, REWRITTEN) or changed(outcome):
                tried.append(self.ran(step))
        result = outcomes.by_key[made.key]
        artifact = subject.artifact
        alone = artifact is not None and not self.twins
        if not alone and (
            artifact is None or not isinstance(result, StageResult) or not self.same_files(result, artifact)
        ):
            title = f"{subject.target.description.title} as converted"
            if isinstance(result, StageResult):
                tried.append(self.ran(self.converted(made, result)))
            elif artifact is None:
                tried.append((Step(CONVERTED, title, subject.target.name, {}, made, self.variant), result))
        if artifact is not None:
            files = artifact.by_role()
            own: dict[str, File] = {role: files[file] for role, file in self.variant.inputs.items()}
            title = f"{subject.target.description.title} artifact"
            options = run_options(artifact)
            step = Step(ARTIFACT, title, subject.target.name, own, made, self.variant, options)
            tried.append(self.ran(step))
            if self.machine is not None:
                there = f"{title} on {self.machine.processor.name}"
                tried.append(self.ran(replace(step, name=ELSEWHERE, title=there, machine=self.machine)))
        return tried

    def ran(self, step: Step) -> Tried:
        """A step with its outputs, or with the error of its run."""
        try:
            (result,) = self.laboratory.run([step.run(self.judge.golden, self.laboratory.memory_bytes)])
        except EdgekitError as error:
            return step, error
        return step, result

    def program_step(self) -> Step:
        """The program itself, in FP32, by the workers that know its format."""
        program = self.subject.plan.program
        folder = program.worker.split("/")[0]
        return Step(PROGRAM, "Paddle FP32", PROGRAM, {PROGRAM: StageFile(program)}, program, folder=folder)

    def converted(self, stage: Stage, result: StageResult) -> Step:
        """What a conversion leaves, ready to be run as this variant."""
        target = self.subject.target
        names = result.details.get("io") or {}
        options = self.plain_options() | {
            "precision": self.subject.manifest.precision,
            "inputs": names.get("inputs", {}),
            "outputs": names.get("outputs", {}),
            "output_shapes": {spec.name: list(spec.shape) for spec in self.subject.manifest.outputs},
        }
        files: dict[str, File] = {role: StageFile(stage, file) for role, file in self.variant.inputs.items()}
        title = f"{target.description.title} as converted"
        return Step(CONVERTED, title, target.name, files, stage, self.variant, options)

    def plain_options(self) -> dict[str, Any]:
        """The options of a run that keeps the program's names."""
        return {"batch": run_options(stand_in(self.subject))["batch"], "precision": "fp32", "inputs": {}, "outputs": {}}

    def same_files(self, result: StageResult, artifact: Artifact) -> bool:
        """Whether a conversion leaves just what this variant of the artifact holds."""
        files = artifact.by_role()
        return all(result.files[file]["sha256"] == files[file].sha256 for file in self.variant.inputs.values())

    def own_precision(self, step: Step) -> bool:
        """Whether a step is of the artifact's precision; the others are FP32."""
        return step.format == self.subject.target.name and step.name in (CONVERTED, ARTIFACT, ELSEWHERE)

    def judged(self, tried: list[Tried]) -> list[StepReport]:
        """A row for each step; after the first that is wrong, others are only said to follow."""
        reports: list[StepReport] = []
        guilty = False
        for number, (step, outcome) in enumerate(tried):
            tool = self.tool(step)
            if number == 0:
                noise, limit = self.judge.noise(), self.judge.tolerance.max_noise
                status = "ok" if noise <= limit else "guilty"
                reports.append(StepReport(step.name, step.title, tool, status, noise, limit))
            elif isinstance(outcome, EdgekitError):
                status = "not run" if guilty else "guilty"
                reports.append(StepReport(step.name, step.title, tool, status, reason=str(outcome)))
            else:
                verdict = self.judge.verdict(
                    outcome.folder / step.outputs_file,
                    own_precision=self.own_precision(step),
                    sigmoid_error=step.sigmoid_error,
                )
                error, limit = largest_error(verdict)
                status = "ok" if verdict.passed else "wrong" if guilty else "guilty"
                if tells_nothing(verdict):
                    status = "undecided"
                reports.append(StepReport(step.name, step.title, tool, status, error, limit, verdict.reason))
            guilty = guilty or reports[-1].status == "guilty"
        return reports

    def tool(self, step: Step) -> str:
        """What made a step, with its version."""
        result = self.laboratory.executor.store.find(step.make) if step.make else None
        return next((f"{name} {version}" for name, version in result.tools.items()), "") if result else ""
