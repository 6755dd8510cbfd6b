import numpy as np
import pytest
from safetensors.numpy import save_file

from edgekit.errors import UsageError

pytestmark = pytest.mark.toolchain


def test_fp32_is_near_the_oracle_and_not_the_oracle(mixnet, run_program, noise):
    details, reference, oracle = run_program(mixnet, noise(2, 64))
    assert details["samples"] == 2
    assert details["latency"] is None
    assert (reference.dtype, reference.shape) == (np.float32, (2, 10))
    assert (oracle.dtype, oracle.shape) == (np.float64, (2, 10))
    error = np.abs(reference - oracle).max() / np.abs(oracle).max()
    assert 0 < error < 1e-5
    # Computed in float64, not merely stored in it.
    assert not np.array_equal(oracle, oracle.astype(np.float32))


def test_without_the_oracle_and_with_times(mixnet, run_program, noise):
    timing = {"warmup": 1, "repeats": 5, "seconds": 10}
    details, _, oracle = run_program(mixnet, noise(1, 64), oracle=False, latency=timing, threads=1)
    assert oracle is None
    assert details["latency"]["repeats"] == 5
    assert 0 < details["latency"]["min_ms"] <= details["latency"]["p50_ms"] <= details["latency"]["p95_ms"]


def test_threads_do_not_change_the_oracle_beyond_its_last_digits(mixnet, run_program, noise):
    _, _, one = run_program(mixnet, noise(1, 64), threads=1)
    _, _, two = run_program(mixnet, noise(1, 64), threads=2)
    np.testing.assert_allclose(one, two, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "shape", "options", "message"),
    [
        ("image", (1, 3, 64, 64), {}, "the program's inputs are x; the tensors given are image"),
        ("x", (1, 3, 32, 32), {}, r"input x is float32 \[1, 3, 64, 64\]; .* float32 \[1, 3, 32, 32\]"),
        ("x", (2, 3, 64, 64), {"batch": 2}, r"input x is float32 \[1, 3, 64, 64\]; .* float32 \[2, 3, 64, 64\]"),
    ],
)
def test_tensors_that_do_not_fit_the_program(run_worker, mixnet, tmp_path, name, shape, options, message):
    path = tmp_path / "tensors.safetensors"
    save_file({name: np.zeros(shape, np.float32)}, path)
    with pytest.raises(UsageError, match=message):
        run_worker("paddle/run.py", {"program": mixnet, "tensors": path}, options)
