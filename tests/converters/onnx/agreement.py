"""The demo MixNet's program on random samples: what Paddle computes, and how far another runtime is from it."""

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

SAMPLES = 3
# Relative to the largest logit. FP32 runtimes differ from float64 by 2e-6 to 4e-6 on this network.
TOLERANCE = 1e-5


def write_samples(folder: Path) -> Path:
    """`x` [3, 3, 64, 64], like normalised photos."""
    path = folder / "tensors.safetensors"
    values = np.random.default_rng(7).standard_normal((SAMPLES, 3, 64, 64)).astype(np.float32)
    save_file({"x": values}, path)
    return path


def oracle_of(run_worker, program: Path, tensors: Path) -> np.ndarray:
    """Paddle's logits in float64, [3, 10]."""
    _, output = run_worker("paddle/run.py", {"program": program, "tensors": tensors}, {"batch": 1, "threads": 2})
    return load_file(output / "oracle.safetensors")["logits"]


def relative_error(output: Path, oracle: np.ndarray) -> float:
    """The largest difference of `output`/outputs.safetensors, over the largest logit; checks name and shape."""
    tensors = load_file(output / "outputs.safetensors")
    assert list(tensors) == ["logits"]
    assert tensors["logits"].dtype == np.float32
    assert tensors["logits"].shape == oracle.shape == (SAMPLES, 10)
    return float(np.abs(tensors["logits"] - oracle).max() / np.abs(oracle).max())
