"""Which verdict golden samples are judged by, and how far apart two right answers may be."""

import numpy as np
import pytest
from msgspec.structs import replace

from edgekit.artifact.manifest import TensorSpec, VariantVerdict
from edgekit.parity import Verdict
from edgekit.parity.metrics import ErrorFigures
from edgekit.parity.verdict import OutputFigures, OutputKind, Precision
from edgekit.serve.proof import Judged, apart, verdict_here
from tests.serve.manifests import manifest_of


def verdict_of(limit: float, kind: OutputKind = "logits", precision: Precision = "fp32") -> Verdict:
    """A verdict that allows `limit`."""
    none = ErrorFigures(0.0, 0.0, 0.0, 1.0, None)
    figures = OutputFigures(
        kind, 4, 10, none, none, none, limit, None, "photo", None, None, None, None, []
    )  # fmt: skip
    return Verdict("passed", "Paddle", precision, outputs={"y": figures})


def judged(kind: OutputKind, precision: Precision, limit: float, sigmoid_error: float = 0.0) -> Judged:
    """An artifact whose output is of a kind."""
    manifest = manifest_of(precision=precision, outputs=(TensorSpec("y", "y", (1, 10), "float32", kind),))
    return Judged(manifest, verdict_of(limit, kind, precision), sigmoid_error)


def test_another_machines_verdict_is_not_this_ones() -> None:
    there, here = VariantVerdict("", verdict_of(9.0), machine="ssh:board"), VariantVerdict("", verdict_of(1e-4))
    assert verdict_here(manifest_of(verdicts=(there, here)), "") is here
    assert verdict_here(manifest_of(verdicts=(here, there)), "") is here
    assert verdict_here(manifest_of(verdicts=(there,)), "") is None
    assert verdict_here(manifest_of(verdicts=(replace(here, variant="x86"),)), "") is None


def outputs(kind: OutputKind) -> np.ndarray:
    """Samples [64, 10] of a kind: sure ones, whose other values are far below FP16's smallest number, and others."""
    logits = np.random.default_rng(7).normal(scale=np.linspace(1, 30, 64)[:, None], size=(64, 10))
    if kind == "probabilities":
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return (1 / (1 + np.exp(-logits)) if kind == "sigmoid" else logits).astype(np.float32)


@pytest.mark.parametrize("kind", ["logits", "probabilities", "sigmoid", "features"])
def test_a_shadow_that_only_rounds_agrees(kind: OutputKind) -> None:
    """FP32 beside its own values rounded to FP16, either of the two first."""
    exact = outputs(kind)
    rounded = exact.astype(np.float16).astype(np.float32)
    models = judged(kind, "fp32", 1e-5), judged(kind, "fp16", 2e-3)
    for values, pair in (((exact, rounded), models), ((rounded, exact), models[::-1])):
        error, limit = apart(*values, "y", *pair)
        assert error <= limit
    # What is really another answer is one beside FP16, too.
    wrong = rounded.copy()
    wrong[0] = np.roll(wrong[0], 1)
    error, limit = apart(exact, wrong, "y", *models)
    assert error > limit > 0


@pytest.mark.parametrize("values", [np.nan, np.inf])
def test_what_is_no_number_disagrees(values: float) -> None:
    exact = outputs("logits")
    wrong = exact.copy()
    wrong[3, 3] = values
    error, limit = apart(exact, wrong, "y", judged("logits", "fp32", 1e-5), judged("logits", "fp32", 1e-5))
    assert not error <= limit


def test_the_coarser_sigmoid_counts() -> None:
    """An engine whose sigmoid is off by 1e-3 near 0 beside an exact one."""
    exact = np.full((1, 10), 1e-5, np.float32)
    models = judged("sigmoid", "fp32", 1e-5), judged("sigmoid", "fp32", 1e-5, sigmoid_error=1e-3)
    for pair in (models, models[::-1]):
        error, limit = apart(exact, exact + np.float32(9e-4), "y", *pair)
        assert error <= limit
    error, limit = apart(exact, exact + np.float32(0.1), "y", *models)
    assert error > limit
