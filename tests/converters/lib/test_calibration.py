"""Calibration photos: which ranges are from, and which choose among methods."""

from pathlib import Path

import numpy as np
import pytest
from edgeworker.calibration import Samples
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
