"""Small Paddle 3 models, once for all tests, and what is done with them."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from conftest import PATIENCE_SECONDS
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from tests.converters.loading import CONVERTERS

CLASSES = 7

Details = tuple[dict[str, Any], Path]


@pytest.fixture(scope="session")
def exported(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what export_networks.py makes. Copy before you change one."""
    worker = CONVERTERS / "paddle3" / "adopt.py"
    python = ensure_environment(requirements_of(worker), session_cache, print)
    folder = tmp_path_factory.mktemp("paddle3")
    script = [str(python), str(Path(__file__).with_name("export_networks.py")), str(folder)]
    answer = subprocess.run(script, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert answer.returncode == 0, answer.stderr
    return folder


@pytest.fixture(scope="session")
def adopt(run_worker, exported: Path) -> Callable[..., Details]:
    """Adopts one of the exported models, or a folder; returns the details and the program's folder."""

    def adopted(
        model: str | Path, *, stem: str = "inference", size: int | None = None, batch: int | str = 1
    ) -> Details:
        folder = exported / model
        inputs = {"graph": folder / f"{stem}.json", "parameters": folder / f"{stem}.pdiparams"}
        return run_worker("paddle3/adopt.py", inputs, {"input_size": size, "usual_size": 64, "batch": batch})

    return adopted


@pytest.fixture(scope="session")
def windowed(adopt) -> Details:
    """The network that computes with shapes, adopted at its usual size of 64 px."""
    return adopt("windowed")


@pytest.fixture
def run_program(run_worker, tmp_path: Path):
    """Runs an adopted program on images; returns the FP32 outputs and the float64 ones, by name."""

    def run(program: Path, images: np.ndarray, batch: int | list[int] = 1) -> tuple[dict, dict]:
        save_file({"x": images}, tmp_path / "x.safetensors")
        inputs = {"program": program, "tensors": tmp_path / "x.safetensors"}
        _, output = run_worker("paddle3/run.py", inputs, {"batch": batch})
        return load_file(output / "reference.safetensors"), load_file(output / "oracle.safetensors")

    return run


@pytest.fixture
def noise() -> Callable[..., np.ndarray]:
    """Standard normal images, float32."""

    def make(count: int, size: int) -> np.ndarray:
        return np.random.default_rng(5).standard_normal((count, 3, size, size), dtype=np.float32)

    return make
