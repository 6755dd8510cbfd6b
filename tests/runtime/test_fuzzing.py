"""Each fuzzer for a bounded while, with sanitizers; `make fuzz-runtime` goes on for an hour."""

import os
import subprocess
from pathlib import Path

import pytest

from runtime.fuzz.seeds import write_seeds
from tests.runtime.build import built

RUNS = {"manifest": 4000, "labels": 20000, "image": 4000, "safetensors": 10000, "param": 10000}


@pytest.fixture(scope="module")
def fuzzers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzzers")
    # -O1: they are built once and run for seconds.
    return built(folder, "all", "-DEDGEKIT_FUZZ=ON", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O1")


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_found(fuzzers: Path, tmp_path: Path, name: str) -> None:
    """A crash, a leak, undefined behaviour or a broken promise ends the program; its input is told."""
    write_seeds(tmp_path / "seeds")
    command = [fuzzers / "fuzz" / f"fuzz_{name}", f"-runs={RUNS[name]}", "-seed=1", tmp_path / "seeds" / name]
    environment = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1", "ASAN_OPTIONS": "allocator_may_return_null=1"}
    done = subprocess.run(
        list(map(str, command)), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    crash = tmp_path / "crash-input"
    assert done.returncode == 0, (done.stderr[-3000:], crash.read_bytes().hex() if crash.exists() else None)
    assert f"{RUNS[name]} runs" in done.stdout
