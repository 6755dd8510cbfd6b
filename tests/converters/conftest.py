"""What the tests of every target start from: the demo MixNet as ONNX, samples for it, and what is right of them."""

from pathlib import Path

import numpy as np
import pytest

from conftest import RunWorker
from tests.converters.onnx.agreement import oracle_of, write_samples


@pytest.fixture(scope="session")
def tensors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Samples for MixNet_S: `x` [3, 3, 64, 64]."""
    return write_samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def oracle(run_worker: RunWorker, mixnet_program: Path, tensors: Path) -> np.ndarray:
    """The logits of `tensors` in float64, [3, 10]."""
    return oracle_of(run_worker, mixnet_program, tensors)


@pytest.fixture(scope="session")
def onnx_model(run_worker: RunWorker, mixnet_program: Path) -> Path:
    """MixNet_S with the demo weights as ONNX: input x [1, 3, 64, 64], output logits [1, 10]; not to be changed."""
    return run_worker("onnx/convert.py", {"program": mixnet_program}, {})[1] / "model.onnx"
