"""Paddle 3's FP32 and the float64 oracle: one near the other, and the oracle as exact as numpy."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from edgekit.errors import UsageError
from tests.converters.paddle3.plain_in_numpy import parameters, probabilities

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def plain(adopt):
    return adopt("plain", batch="dynamic")[1]


def test_the_oracle_computes_in_float64(plain, exported, run_program, noise):
    images = noise(6, 32)
    reference, oracle = run_program(plain, images, [1, 2])
    exact = probabilities(images, parameters(exported / "plain"))
    (fp32,), (float64,) = reference.values(), oracle.values()
    assert (fp32.dtype, float64.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(float64, exact, rtol=0, atol=1e-14)
    assert 1e-9 < np.abs(fp32 - exact).max() < 1e-6


def test_tensors_that_do_not_fit_the_program(run_worker, plain, tmp_path):
    save_file({"x": np.zeros((2, 3, 64, 64), np.float32)}, tmp_path / "x.safetensors")
    with pytest.raises(UsageError, match=r"input x is float32 \[-1, 3, 32, 32\]; .* float32 \[2, 3, 64, 64\]"):
        run_worker("paddle3/run.py", {"program": plain, "tensors": tmp_path / "x.safetensors"}, {"batch": 2})
