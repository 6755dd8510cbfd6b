"""Versions of a model timed in turn."""

from pathlib import Path

import numpy as np
from edgeworker.interleaved import in_turn, interleaved_job
from edgeworker.protocol import Request
from safetensors.numpy import save_file


class Doubled:
    """A model that multiplies by what its file says."""

    def __init__(self, request: Request, calls: list[str]) -> None:
        self.factor = float(request.inputs["model"].read_text()) + request.options.get("more", 0.0)
        self.calls = calls

    def run(self, inputs):
        self.calls.append(str(self.factor))
        return {"y": inputs["x"] * np.float32(self.factor)}


def test_each_version_gets_its_own_files_and_options(tmp_path: Path):
    for name, factor in (("a", 2.0), ("b", 3.0)):
        (tmp_path / name).write_text(str(factor))
    save_file({"x": np.arange(1, 5, dtype=np.float32).reshape(4, 1)}, tmp_path / "tensors")
    inputs = {"tensors": tmp_path / "tensors", "v0/model": tmp_path / "a", "v1/model": tmp_path / "b",
              "v2/model": tmp_path / "a"}  # fmt: skip
    options = {
        "batch": 4,
        "versions": {"v0": {}, "v1": {}, "v2": {"more": 0.5}},
        "interleaved": {"warmup": 1, "repeats": 4, "seconds": 60},
    }
    calls: list[str] = []
    found = interleaved_job(lambda request: Doubled(request, calls), Request(inputs, tmp_path, options))
    assert {name: len(times) for name, times in found["times"].items()} == {"v0": 4, "v1": 4, "v2": 4}
    assert min(time for times in found["times"].values() for time in times) > 0
    assert found["differences"] == {"v0": 0.0, "v1": 0.5, "v2": 0.25}
    # One for the outputs, then two a round.
    assert len(calls) == 3 + 3 * 2 * 5


def test_every_round_has_each_call_twice_in_another_order():
    calls: list[str] = []
    in_turn({name: (lambda name=name: calls.append(name)) for name in "abc"}, warmup=0, repeats=8, seconds=60)
    rounds = [calls[start : start + 6] for start in range(0, len(calls), 6)]
    assert len(rounds) == 8
    assert all(sorted(one[::2]) == ["a", "b", "c"] and one[::2] == one[1::2] for one in rounds)
    assert len({tuple(one) for one in rounds}) > 1


def test_time_ends_it_after_three_rounds():
    assert [len(times) for times in in_turn({"a": lambda: None}, 0, 100, 0.0).values()] == [3]
