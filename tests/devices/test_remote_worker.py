"""A timed run on a device in the place of a worker: which flags its runner gets, and what the system said around it."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from edgekit.bench.validity import conditions_of
from edgekit.devices.remote_machine import reach
from edgekit.devices.remote_worker import run_remotely
from edgekit.devices.system_state import PATTERNS
from tests.devices.fake_programs import environment, left
from tests.devices.fake_system import write_system

RUNNER = """#!/bin/sh
echo "$@" > {words}
cp inputs.safetensors outputs.safetensors
echo 1900000 > {allowed}
echo '{{"version": {{"backend": "ncnn", "backend_version": "1"}}, "samples": 1, "latency": {latency}}}'
"""
LATENCY = {
    "p50_ms": 5.0, "p95_ms": 6.0, "min_ms": 4.0, "repeats": 2000, "seconds": 61.0, "blocks_ms": [5.0, 5.1],
    "minutes_ms": [5.0], "clocks_khz": [2400000, 2400000], "clock_seconds": 1.0,
}  # fmt: skip


def test_conditions_are_those_of_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "devices"
    for name, value in environment(place).items():
        monkeypatch.setenv(name, value)
    write_system(place / "A1")
    cpu = place / "A1" / "sys" / "devices" / "system" / "cpu"
    for folder in ("runner", "scratch", "output"):
        (tmp_path / folder).mkdir()
    allowed = cpu / "cpu4" / "cpufreq" / "scaling_max_freq"
    script = RUNNER.format(words=tmp_path / "words", allowed=allowed, latency=json.dumps(LATENCY))
    (tmp_path / "runner" / "edgekit_runner").write_text(script)
    (tmp_path / "model").write_bytes(b"weights")
    manifest = {"files": {"M.bin": {"role": "model.bin"}}}
    (tmp_path / "manifest").write_text(json.dumps(manifest))
    save_file({"x": np.zeros((1, 3), np.float32)}, tmp_path / "tensors")
    found = run_remotely(
        reach("adb:A1"),
        {
            "runner": tmp_path / "runner",
            "manifest": tmp_path / "manifest",
            "tensors": tmp_path / "tensors",
            "bin": tmp_path / "model",
        },
        tmp_path / "output",
        {
            "files": {"bin": "model.bin"}, "batch": 1, "threads": 2, "precision": "fp32", "cores": [4, 5],
            "latency": {
                "warmup": 5, "repeats": 1024, "seconds": 1200.0, "least_seconds": 60.0, "blocks": 32,
                "files": list(PATTERNS),
            },
        },
        scratch=tmp_path / "scratch",
        cache=tmp_path,
    )  # fmt: skip
    words = (tmp_path / "words").read_text().split()
    assert words[words.index("--cores") + 1] == "4,5"
    assert words[words.index("--least-seconds") + 1] == "60.0"
    assert words[words.index("--blocks") + 1] == "32"
    assert "--files" not in words
    conditions = conditions_of(found.details["latency"], cores=[4, 5])
    assert conditions.before is not None and conditions.before.battery is not None
    assert conditions.before.battery.percent == 80
    assert conditions.clocks_khz == (2400000, 2400000)
    assert conditions.why_not == ("core 4 may have 1900 MHz, before 2400",)
    assert left(place, "A1") == []
