"""The limits on values say just what the limit on the error says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.parity.values import Digits, compared, scales
from edgekit.parity.verdict import OutputKind, Precision
from edgekit.serving_export.bounds import bounds


def error(values: np.ndarray, truth: np.ndarray, kind: OutputKind, precision: Precision) -> np.ndarray:
    """The error of each value, as verification has it: [N, C]."""
    digits = Digits.of(precision)
    exact = compared(truth, truth, kind, precision, digits)
    return np.abs(compared(values, truth, kind, precision, digits) - exact) / scales(exact, kind)[:, None]


def truth_of(kind: OutputKind, seed: int) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(scale=8, size=(3, 6))
    if kind == "probabilities":
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-logits)) if kind == "sigmoid" else logits


@pytest.mark.parametrize("kind", ["logits", "probabilities", "sigmoid", "features"])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1000), limit=st.floats(1e-6, 0.1))
def test_a_value_is_inside_just_where_its_error_is_allowed(
    kind: OutputKind, precision: Precision, seed: int, limit: float
) -> None:
    truth = truth_of(kind, seed)
    lower, upper = bounds(truth, kind, precision, limit, 0.0)
    assert (lower <= truth).all()
    assert (truth <= upper).all()
    for share in (0.98, 1.02):
        for bound in (lower, upper):
            values = truth + share * (bound - truth)
            if kind in ("probabilities", "sigmoid"):
                values = np.clip(values, 0, 1)
            inside = (values >= lower) & (values <= upper)
            found = error(values, truth, kind, precision)
            # Within the digits that a float64 has, where both sides round.
            assert (found[inside] <= limit * (1 + 1e-5) + 1e-9).all()
            assert (found[~inside] > limit * (1 - 1e-5) - 1e-9).all()


def test_what_is_no_number_is_outside() -> None:
    lower, upper = bounds(np.array([[1.0, 2.0]]), "logits", "fp32", 1e-6, 0.0)
    for value in (np.nan, np.inf, -np.inf):
        assert not ((value >= lower) & (value <= upper)).any()
