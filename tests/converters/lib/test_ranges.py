"""What is counted of a tensor over all calls: extremes, those of photos alone, and the channels that never change."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgeworker.protocol import Request
from edgeworker.ranges import Extremes, Probe, channel_axis, even_places, ranges_job, split
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors
from safetensors.numpy import save_file

PROBES = (Probe("x", "input", axis=1), Probe("whole", "relu"))


def measure(calls: Sequence[Tensors]) -> list[Extremes]:
    """The images by channel, and their rectified values as one."""
    images = [call["x"] for call in calls]
    low, high = (np.stack([reduce(one, axis=(0, 2, 3)) for one in images]) for reduce in (np.min, np.max))
    totals = np.array([one.sum() for one in images])
    above = [np.maximum(one, 0) for one in images]
    least, most = (np.array([[reduce(one)] for one in above]) for reduce in (np.min, np.max))
    return [Extremes(low, high, totals), Extremes(least, most, np.array([one.sum() for one in above]))]


def found(images: np.ndarray, folder: Path, **options: Any) -> dict[str, Any]:
    """The document of images [N, C, H, W]."""
    save_file({"x": images.astype(np.float32)}, folder / "x.safetensors")
    request = Request(inputs={"tensors": folder / "x.safetensors"}, output=folder, options=options)
    details = ranges_job(request, PROBES, measure)
    document = json.loads((folder / "ranges.json").read_text())
    assert details == {"samples": document["samples"], "tensors": 2}
    return document


@pytest.fixture
def images() -> np.ndarray:
    """40 samples of four channels: a live one, a zero, a constant, and one that only the last sample moves."""
    values = np.zeros((40, 4, 2, 2))
    values[:, 0] = np.arange(160).reshape(40, 2, 2) - 80
    values[:, 2] = -1.5
    values[39, 3, 1, 1] = 1e-3
    return values


def test_dead_channels_are_those_that_no_place_of_no_sample_moves(images: np.ndarray, tmp_path: Path) -> None:
    document = found(images, tmp_path)
    x, whole = document["tensors"]
    assert document["samples"] == 40
    assert (x["channels"], x["minimum"], x["maximum"]) == (4, -80, 79)
    assert x["constant"] == [[1, 0.0], [2, -1.5]]
    assert (whole["channels"], whole["minimum"], whole["maximum"], whole["constant"]) == (None, 0, 79, [])


def test_what_fp32_rounds_away_beside_the_largest_value_is_no_change(images: np.ndarray, tmp_path: Path) -> None:
    step = 2.0**-23 * 80
    images[39, 3] = 0.9 * step
    images[39, 1, 0, 0] = 1.1 * step
    assert [channel for channel, _ in found(images, tmp_path)["tensors"][0]["constant"]] == [2, 3]


def test_one_sample_alone_has_no_dead_channels(images: np.ndarray, tmp_path: Path) -> None:
    assert found(images[:1], tmp_path)["tensors"][0]["constant"] == []


def test_the_photos_come_first_and_count_by_whole_calls(images: np.ndarray, tmp_path: Path) -> None:
    assert found(images, tmp_path)["tensors"][0]["photos"] is None
    assert found(images, tmp_path, photos=30)["tensors"][0]["photos"] == [-80, 39]
    # Calls of four: the eighth holds two photos and two others.
    assert found(images, tmp_path, photos=30, batch=4)["tensors"][0]["photos"] == [-80, 31]
    assert found(images, tmp_path, photos=3, batch=4)["tensors"][0]["photos"] is None


def test_what_is_not_finite_has_no_range_and_no_dead_channel(images: np.ndarray, tmp_path: Path) -> None:
    images[20, 0, 0, 0] = np.nan
    x = found(images, tmp_path, photos=8)["tensors"][0]
    assert (x["minimum"], x["maximum"], x["photos"], x["constant"]) == (None, None, None, [])


def test_some_samples_are_read_at_even_distances(images: np.ndarray, tmp_path: Path) -> None:
    document = found(images, tmp_path, most=4, batch=1)
    # Samples 0, 10, 20 and 30.
    assert (document["samples"], document["tensors"][0]["maximum"]) == (4, 30 * 4 + 3 - 80)
    assert found(images, tmp_path, most=4, batch=3)["samples"] == 3


@pytest.mark.parametrize(
    ("count", "most", "batch", "places"),
    [(8, 4, 1, [0, 2, 4, 6]), (3, 4, 1, [0, 1, 2]), (9, 5, 2, [0, 2, 4, 6]), (9, 2, 4, [0, 2, 4, 6])],
)
def test_places_fill_batches(count: int, most: int, batch: int, places: list[int]) -> None:
    assert even_places(count, most, batch) == places


def test_fewer_samples_than_a_batch_are_refused() -> None:
    with pytest.raises(Refusal, match="3 samples do not fill a batch of 4"):
        even_places(3, 32, 4)


def test_channels_lie_on_the_axis_that_the_rank_says() -> None:
    assert [channel_axis(rank) for rank in range(6)] == [None, None, 1, 2, 1, None]


def test_values_that_are_not_as_many_as_the_channels_are_a_fault() -> None:
    parts = split(np.arange(10).reshape(2, 5), [2, 3])
    assert [part.tolist() for part in parts] == [[[0, 1], [5, 6]], [[2, 3, 4], [7, 8, 9]]]
    with pytest.raises(RuntimeError, match="5 values of channels came, and the tensors have 4"):
        split(np.zeros((2, 5)), [2, 2])
