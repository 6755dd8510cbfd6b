"""Calibration photos: which ranges are from, and which choose among methods."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.calibration import Samples, best_of, trial_of
from edgeworker.refusal import Refusal
from safetensors.numpy import save_file


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    save_file({"x": np.zeros((100, 1, 2, 2), np.float32)}, tmp_path / "photos.safetensors")
    return Samples(tmp_path / "photos.safetensors")


@pytest.mark.parametrize(("batch", "held"), [(1, 20), (8, 20), (20, 20), (21, 21), (50, 50), (51, 0), (100, 0)])
def test_both_parts_fill_a_call_or_nothing_is_held_out(samples: Samples, batch: int, held: int) -> None:
    looked_at, held_out = samples.parted(batch)
    assert len(held_out) == held and sorted([*looked_at, *held_out]) == list(range(100))
    assert sum(1 for _ in samples.batches(batch, looked_at)) > 0
    assert (sum(1 for _ in samples.batches(batch, held_out)) > 0) == (held > 0)


def test_fewer_photos_than_a_call_takes_are_refused(samples: Samples) -> None:
    with pytest.raises(Refusal, match="100 photos are fewer than the 128 that the model takes at once"):
        samples.parted(128)


METHODS = {"usual": 1.0, "other": 0.9}
ALL = list(range(100))


def test_methods_are_tried_on_samples_that_no_range_is_from(samples: Samples) -> None:
    trial = trial_of({}, METHODS, samples, 1)
    assert trial.methods == ("usual", "other")
    assert (trial.looked_at, trial.held_out) == samples.parted(1) and len(trial.held_out) == 20


@pytest.mark.parametrize(
    ("options", "batch", "method"),
    [({"method": "other"}, 1, "other"), ({}, 51, "usual"), ({"method": "auto"}, 51, "usual")],
)
def test_one_method_has_all_samples_and_is_compared_with_none(
    samples: Samples, options: dict[str, str], batch: int, method: str
) -> None:
    trial = trial_of(options, METHODS, samples, batch)
    assert (trial.methods, trial.looked_at, trial.held_out) == ((method,), ALL, [])
    assert best_of(trial.methods, {}) == method


def test_the_method_with_the_least_error_is_kept() -> None:
    assert best_of(("usual", "other"), {"usual": 0.2, "other": 0.1}) == "other"
    assert best_of(("usual", "other"), {"usual": 0.1, "other": 0.1}) == "usual"
    assert best_of(("usual", "other"), {"usual": 0.104, "other": 0.1}) == "usual"
    assert best_of(("usual", "other"), {"usual": 0.106, "other": 0.1}) == "other"
    assert best_of(("usual", "other"), {"usual": float("nan"), "other": 0.1}) == "other"
    assert best_of(("usual", "other"), {"usual": float("nan"), "other": float("nan")}) == "usual"


def test_what_is_no_method_is_refused(samples: Samples) -> None:
    with pytest.raises(Refusal, match="method is auto, usual, other, not best"):
        trial_of({"method": "best"}, METHODS, samples, 1)
