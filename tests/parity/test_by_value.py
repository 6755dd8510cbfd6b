"""Errors of single values: a verdict's figures are the largest and the mean of them, whatever the output is."""

import numpy as np
import pytest

from edgekit.parity import Tolerance
from edgekit.parity.by_value import by_value
from edgekit.parity.judge import judge
from edgekit.parity.verdict import OutputKind

LABELS = ("photo a", "photo b", "photo c", "synthetic noise 0")
KINDS = ("photo", "photo", "photo", "synthetic")


def three(kind: OutputKind) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Artifact, reference and oracle of one kind, [4, 6]."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 3, (4, 6))

    def rounded(step: float) -> np.ndarray:
        values = logits + step * rng.normal(0, 1, logits.shape)
        if kind == "probabilities":
            powers = np.exp(values - values.max(axis=1, keepdims=True))
            return powers / powers.sum(axis=1, keepdims=True)
        return 1 / (1 + np.exp(-values)) if kind == "sigmoid" else values

    return rounded(2e-6).astype(np.float32), rounded(1e-6).astype(np.float32), rounded(0)


@pytest.mark.parametrize("kind", ["logits", "probabilities", "sigmoid", "features"])
def test_the_figures_are_those_of_the_verdict(kind: OutputKind) -> None:
    case = three(kind)
    figures = judge(*case, Tolerance(), "fp32", LABELS, kind).outputs["output"]
    values = by_value(*case, LABELS, KINDS, kind, "fp32")
    assert np.abs(values.errors).max() == figures.against_oracle.max_relative
    assert np.sqrt(np.mean(values.errors**2)) == figures.against_oracle.rms_relative
    assert np.abs(values.reference_errors).max() == figures.noise.max_relative
    assert values.labels[np.abs(values.errors).max(axis=1).argmax()] == figures.worst_sample


def test_one_wrong_value_is_found_where_it_is() -> None:
    artifact, reference, oracle = three("logits")
    artifact[2, 4] += 0.1
    errors = np.abs(by_value(artifact, reference, oracle, LABELS, KINDS, "logits", "fp32").errors)
    assert np.unravel_index(errors.argmax(), errors.shape) == (2, 4)
    assert errors[2, 4] == pytest.approx(0.1 / np.abs(oracle[2]).max(), rel=1e-3)


def test_in_int8_the_photos_count() -> None:
    case = three("logits")
    assert by_value(*case, LABELS, KINDS, "logits", "int8").counted == (0, 1, 2)
    assert by_value(*case, LABELS, KINDS, "logits", "fp32").counted == (0, 1, 2, 3)
    assert by_value(*case, LABELS, ("synthetic",) * 4, "logits", "int8").counted == (0, 1, 2, 3)


def test_other_shapes_are_refused() -> None:
    artifact, reference, oracle = three("logits")
    with pytest.raises(ValueError, match="shapes differ"):
        by_value(artifact[:3], reference, oracle, LABELS, KINDS, "logits", "fp32")
