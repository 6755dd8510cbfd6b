from pathlib import Path

import numpy as np
import pytest
from edgeworker.calibration import Samples, median_error
from edgeworker.ranking import UNCHANGED, flat, ranked, ranking_photos, signal_to_noise
from safetensors.numpy import save_file


def samples(folder: Path, count: int) -> Samples:
    """Photos of one value each, which is their number."""
    save_file({"x": np.arange(count, dtype=np.float32).reshape(count, 1, 1, 1)}, folder / "photos.safetensors")
    return Samples(folder / "photos.safetensors")


def test_the_ratio_is_the_median_photos_in_decibel() -> None:
    truth = [np.array([3.0, 4.0]), np.array([300.0, 400.0]), np.array([3.0, 4.0])]
    # Noise of a tenth of each photo's length but for the last, which is as large as it.
    found = [truth[0] + [0.5, 0], truth[1] + [0, 50], truth[2] + [5, 0]]
    assert signal_to_noise(found, truth) == pytest.approx(20)


def test_what_changes_nothing_has_the_largest_ratio_and_what_is_not_finite_the_smallest() -> None:
    truth = [np.ones(3)]
    assert signal_to_noise(truth, truth) == UNCHANGED
    assert signal_to_noise([np.array([1, np.nan, 1])], truth) == -UNCHANGED
    assert signal_to_noise([np.array([1, np.inf, 1])], truth) == -UNCHANGED


def test_the_costliest_comes_first_and_ties_are_in_the_networks_order() -> None:
    found = ranked({"a": 40.0, "b": 12.345, "c": 40.0}, {"a": "Conv", "b": "Gemm", "c": "Add"})
    assert [(one["name"], one["type"], one["snr_db"]) for one in found] == [
        ("b", "Gemm", 12.35), ("a", "Conv", 40.0), ("c", "Add", 40.0),
    ]  # fmt: skip


def test_photos_are_taken_at_even_distances(tmp_path: Path) -> None:
    assert [float(one.item()) for one in ranking_photos(samples(tmp_path, 20), 4)] == [0, 5, 10, 15]
    assert len(ranking_photos(samples(tmp_path, 3), 8)) == 3
    assert flat([np.zeros((1, 2)), np.ones((1, 1, 3))]).tolist() == [0, 0, 1, 1, 1]


def test_photos_that_are_held_out_are_from_all_over(tmp_path: Path) -> None:
    looked_at, held_out = samples(tmp_path, 100).parted(1)
    assert held_out == list(range(4, 100, 5))
    assert sorted([*looked_at, *held_out]) == list(range(100))
    looked_at, held_out = samples(tmp_path, 10).parted(4)
    assert (looked_at, held_out) == (list(range(6)), [6, 7, 8, 9])


def test_batches_are_of_the_places_asked_for(tmp_path: Path) -> None:
    found = list(samples(tmp_path, 10).batches(2, [1, 3, 8, 9, 0]))
    assert [one.ravel().tolist() for one in found] == [[1, 3], [8, 9]]


def test_one_photo_with_large_outputs_does_not_decide() -> None:
    truth = [np.ones(2), np.ones(2), np.full(2, 1e6)]
    assert median_error([truth[0] * 1.1, truth[1] * 1.1, truth[2] * 3], truth) == pytest.approx(0.1)
