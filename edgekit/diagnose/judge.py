"""The verdict on any step's outputs: the same golden inputs, reference and limits that verification uses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.artifact.manifest import Manifest
from edgekit.parity import Tolerance, Verdict
from edgekit.parity.judge import judge_outputs
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

    def verdict(self, file: Path, *, own_precision: bool) -> Verdict:
        """Of the outputs in `file`: as FP32, unless it is of the artifact's own precision."""
        return judge_outputs(
            load(file),
            self.reference,
            self.oracle,
            self.tolerance if own_precision else Tolerance(),
            self.manifest.precision if own_precision else "fp32",
            self.golden.labels,
            {spec.name: spec.kind for spec in self.manifest.outputs if spec.kind != "image"},
            judged_against="Paddle FP32",
            kinds=self.golden.kinds,
        )

    def noise(self) -> float:
        """The reference's own largest error, relative to the sample's largest output."""
        return max(float(sample_errors(self.reference[name], truth).max()) for name, truth in self.oracle.items())

    def worst_sample(self, file: Path) -> int:
        """The sample with the largest error; the first with values that are not finite, or of another shape."""
        outputs = load(file)
        errors = np.zeros(len(self.golden.labels))
        for name, truth in self.oracle.items():
            if name in outputs and outputs[name].shape == truth.shape:
                errors = np.maximum(errors, sample_errors(outputs[name], truth))
        return int(errors.argmax())


def load(file: Path) -> Outputs:
    """The tensors of a file."""
    from safetensors.numpy import load_file

    return load_file(file)


def sample_errors(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """`max |values - truth| / max |truth|` of each sample, [N]; infinite where a value is not finite."""
    flat = (len(truth), -1)
    mine, theirs = values.reshape(flat).astype(np.float64), truth.reshape(flat).astype(np.float64)
    scale = np.abs(theirs).max(axis=1)
    with np.errstate(invalid="ignore"):
        errors = np.abs(mine - theirs).max(axis=1) / np.where(scale > 0, scale, 1.0)
    return np.where(np.isfinite(errors), errors, np.inf)


def largest_error(verdict: Verdict) -> tuple[float | None, float | None]:
    """The error against the oracle that decides, and its limit; none where no output could be measured."""
    figures = list(verdict.outputs.values())
    if not figures:
        return None, None
    worst = max(figures, key=lambda one: one.against_oracle.max_relative / one.max_threshold)
    return worst.against_oracle.max_relative, worst.max_threshold
