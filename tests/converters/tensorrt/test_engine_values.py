"""Which values of an engine the ledger gets: those that stand where its record says, as they are now."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgeworker.refusal import Refusal

from tests.converters.loading import load

WEIGHT = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
HALVES = np.arange(32, dtype=np.float16)


def engine(folder: Path, *, cut: int = 0) -> tuple[Path, Any]:
    """An engine of both weights, with something before each, `cut` bytes shorter than its record says."""
    place = load("tensorrt", "engine_record").WeightPlace
    content, weights = b"", []
    for name, values in (("w", WEIGHT), ("h", HALVES)):
        content += bytes(8)
        raw = values.tobytes()
        weights.append(place(name, list(values.shape), len(content), len(raw), hashlib.sha256(raw).hexdigest()))
        content += raw
    build = {"kind": "ahead-of-time", "tool": "TensorRT-RTX 1", "compute_capabilities": ["sm86"]}
    record = load("tensorrt", "engine_record").EngineRecord(build, "fp32", "", [], [], 2 * len(content), weights)
    (folder / "e.engine").write_bytes(content[: len(content) - cut])
    return folder / "e.engine", record


def test_the_values_are_the_engines(tmp_path: Path) -> None:
    weight, halves = load("tensorrt", "engine_values").weights_in(*engine(tmp_path))
    np.testing.assert_array_equal(weight.values, WEIGHT.ravel())
    np.testing.assert_array_equal(halves.values, HALVES)
    assert halves.values.dtype == np.float16
    assert (weight.name, weight.layer) == ("w", "engine")


def test_a_weight_in_8_bits_comes_with_its_scales(tmp_path: Path) -> None:
    records = load("tensorrt", "engine_record")
    integers = np.arange(-12, 12, dtype=np.int8).reshape(2, 3, 2, 2)
    raw = integers.transpose(0, 2, 3, 1).tobytes()
    steps = records.Steps("w_scale", 1, [0.5, 0.25, 2.0])
    weight = records.WeightPlace("w", [2, 3, 2, 2], 0, 24, hashlib.sha256(raw).hexdigest(), [0, 2, 3, 1], steps)
    record = records.EngineRecord({}, "int8", "", [], [], 24, [weight])
    (tmp_path / "e.engine").write_bytes(raw)
    scales, found = load("tensorrt", "engine_values").weights_in(tmp_path / "e.engine", record)
    assert (scales.name, scales.chosen, scales.values.tolist()) == ("w_scale", True, [0.5, 0.25, 2.0])
    real = found.quantised.values(found.values)
    expected = integers * np.array([0.5, 0.25, 2.0]).reshape(1, 3, 1, 1)
    np.testing.assert_array_equal(real, expected.transpose(0, 2, 3, 1))
    bare = records.EngineRecord({}, "int8", "", [], [], 24, [replace(weight, steps=None)])
    with pytest.raises(Refusal, match="w is in 8 bits, and has no scales"):
        list(load("tensorrt", "engine_values").weights_in(tmp_path / "e.engine", bare))


def test_how_much_can_be_read_is_said(tmp_path: Path) -> None:
    share = (WEIGHT.nbytes + HALVES.nbytes) / (2 * (WEIGHT.nbytes + HALVES.nbytes + 16))
    said = load("tensorrt", "engine_values").readable(engine(tmp_path)[1])
    assert said == f"{share:.0%} of the bytes of its weights can be read"


def test_an_engine_cut_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="the weight h is not in the engine"):
        list(load("tensorrt", "engine_values").weights_in(*engine(tmp_path, cut=1)))
