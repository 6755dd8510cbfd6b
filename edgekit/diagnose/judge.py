"""The verdict on any step's outputs: the same golden inputs, reference and limits that verification uses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.artifact.manifest import Manifest
from edgekit.parity import Tolerance, Verdict
from edgekit.parity.counted import counted_samples
from edgekit.parity.judge import judge_outputs
from edgekit.parity.values import COARSE_SIGMOID, Digits, compared, scales
from edgekit.parity.verdict import OutputKind
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.store import StageResult

Outputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Judge:
    """Holds what a step's outputs are compared with; `tolerance` is the artifact's."""

    manifest: Manifest
    golden: GoldenFile
    reference: Outputs
    oracle: Outputs
    tolerance: Tolerance

    @classmethod
    def of(cls, manifest: Manifest, golden: GoldenFile, truth: StageResult, tolerance: Tolerance) -> "Judge":
        """From the reference's stage."""
        reference, oracle = (load(truth.folder / f"{name}.safetensors") for name in ("reference", "oracle"))
        return cls(manifest, golden, reference, oracle, tolerance)

    def verdict(self, file: Path, *, own_precision: bool, sigmoid_error: float = 0.0) -> Verdict:
        """Of the outputs in `file`: as FP32, unless it is of the artifact's own precision; `sigmoid_error` is what
        the engine that gave them is known to be off by in a sigmoid."""
        return judge_outputs(
            load(file),
            self.reference,
            self.oracle,
            self.tolerance if own_precision else Tolerance(),
            self.manifest.precision if own_precision else "fp32",
            self.golden.labels,
            self.kinds,
            judged_against="Paddle FP32",
            kinds=self.golden.kinds,
            thresholds={spec.name: spec.thresholds for spec in self.manifest.outputs},
            sigmoid_error=sigmoid_error,
        )

    @property
    def kinds(self) -> dict[str, OutputKind]:
        """What each output is."""
        return {spec.name: spec.kind for spec in self.manifest.outputs if spec.kind != "image"}

    def noise(self) -> float:
        """The reference's own largest error, relative to the sample's largest output, as both are compared."""
        return max(float(self.errors(self.reference[name], name).max()) for name in self.oracle)

    def worst_sample(self, file: Path, *, own_precision: bool) -> int:
        """The sample with the largest error, of those that count in that precision (`verdict`); the first of all with
        values that are not finite.
        """
        outputs = load(file)
        errors = np.zeros(len(self.golden.labels))
        for name, truth in self.oracle.items():
            if name in outputs and outputs[name].shape == truth.shape:
                errors = np.maximum(errors, self.errors(outputs[name], name))
        counted = counted_samples(self.golden.kinds, self.manifest.precision if own_precision else "fp32")
        if np.isinf(errors).any():
            return int(errors.argmax())
        return counted[int(errors[counted].argmax())]

    def errors(self, values: np.ndarray, name: str) -> np.ndarray:
        """The largest error of each sample of the output `name`, [N]; infinite where a value is not finite.

        Relative to the sample's scale, and of what is compared of an output of its kind.
        """
        kind = self.kinds.get(name, "logits")
        truth = self.oracle[name].reshape(len(self.oracle[name]), -1).astype(np.float64)
        mine = values.reshape(truth.shape).astype(np.float64)
        digits = Digits.of("fp32", COARSE_SIGMOID)
        compared_truth = compared(truth, truth, kind, "fp32", digits)
        with np.errstate(invalid="ignore"):
            off = np.abs(compared(mine, truth, kind, "fp32", digits) - compared_truth).max(axis=1)
        errors = off / scales(compared_truth, kind)
        return np.where(np.isfinite(mine).all(axis=1) & np.isfinite(errors), errors, np.inf)


def load(file: Path) -> Outputs:
    """The tensors of a file."""
    from safetensors.numpy import load_file

    return load_file(file)


def largest_error(verdict: Verdict) -> tuple[float | None, float | None]:
    """The error against the oracle that decides, and its limit; none where no output could be measured."""
    figures = list(verdict.outputs.values())
    if not figures:
        return None, None
    worst = max(figures, key=lambda one: one.against_oracle.max_relative / one.max_threshold)
    return worst.against_oracle.max_relative, worst.max_threshold
