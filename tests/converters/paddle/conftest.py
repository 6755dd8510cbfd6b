"""Synthetic weights and the programs made of them, once for all tests of the Paddle workers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgekit.catalog import load_catalog

CLASSES = 10


def architecture(name: str) -> dict[str, Any]:
    catalog = load_catalog()
    return next(m.architecture for m in catalog.all_models if m.architecture.name == name).as_option()


@pytest.fixture(scope="session")
def synthesize(run_worker) -> Callable[..., Path]:
    """Synthetic weights of an architecture; returns the file."""

    def run(name: str, size: int, seed: int = 0, class_count: int = CLASSES) -> Path:
        options = {
            "architecture": architecture(name),
            "seed": seed,
            "input_size": size,
            "class_count": class_count,
        }
        return run_worker("paddle/synthesize.py", {}, options)[1] / "weights.safetensors"

    return run


@pytest.fixture(scope="session")
def export(run_worker) -> Callable[..., tuple[dict[str, Any], Path]]:
    """Weights to program; returns the worker's details and the program's folder."""

    def run(name: str, weights: Path, size: int, batch: int | str = 1, **changes: Any) -> tuple[dict[str, Any], Path]:
        options = {"architecture": architecture(name) | changes, "input_size": size, "batch": batch}
        return run_worker("paddle/export.py", {"weights": weights}, options)

    return run


@pytest.fixture(scope="session")
def mixnet_weights(synthesize) -> Path:
    return synthesize("MixNet_S", 64)


@pytest.fixture(scope="session")
def mixnet(export, mixnet_weights) -> Path:
    return export("MixNet_S", mixnet_weights, 64)[1]


@pytest.fixture
def changed(mixnet_weights: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the MixNet_S weights with some tensors replaced, added or (None) taken away."""

    def change(tensors: dict[str, np.ndarray | None]) -> Path:
        merged = load_file(mixnet_weights) | tensors
        path = tmp_path / "changed.safetensors"
        save_file({name: value for name, value in merged.items() if value is not None}, path)
        return path

    return change


@pytest.fixture
def run_program(run_worker, tmp_path: Path):
    """Runs a program on images, [N, 3, H, W]; returns the details, the FP32 logits and the float64 ones (or None)."""

    def run(program: Path, images: np.ndarray, **options: Any):
        path = tmp_path / "tensors.safetensors"
        save_file({"x": images}, path)
        details, output = run_worker("paddle/run.py", {"program": program, "tensors": path}, options)
        reference = load_file(output / "reference.safetensors")
        assert list(reference) == ["logits"]
        oracle = output / "oracle.safetensors"
        return details, reference["logits"], load_file(oracle)["logits"] if oracle.exists() else None

    return run


@pytest.fixture
def noise() -> Callable[..., np.ndarray]:
    """Images unlike each other in colour, contrast and grain, as photos are; float32 [N, 3, size, size]."""

    def make(count: int, size: int, seed: int = 7) -> np.ndarray:
        generator = np.random.default_rng(seed)
        images = []
        for index in range(count):
            cell = size >> (1 + index % 4)
            coarse = generator.standard_normal((3, size // cell, size // cell))
            coarse = coarse.repeat(cell, axis=1).repeat(cell, axis=2)
            fine = generator.standard_normal((3, size, size))
            images.append(generator.uniform(0.4, 1.2) * coarse + generator.uniform(0.05, 0.5) * fine)
        return np.stack(images).astype(np.float32)

    return make
