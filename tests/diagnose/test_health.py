import math

import numpy as np
import pytest

from edgekit.diagnose.health import FLOOR, TWIN_FLOOR, State, agreeing_share, health, relative_error


def test_the_error_is_relative_to_the_largest_value_of_the_truth():
    truth = np.array([[1.0, -4.0], [2.0, 0.0]], np.float32)
    assert relative_error(truth + np.float32(1.0), truth) == 0.25
    assert relative_error(truth.reshape(4), truth) == 0.0


@pytest.mark.parametrize(
    ("values", "truth", "error"),
    [
        ([np.nan, 1.0], [0.0, 1.0], math.inf),
        ([np.inf, 1.0], [0.0, 1.0], math.inf),
        ([np.nan, 1.0], [np.nan, 1.0], 0.0),
        ([np.inf, 1.0], [np.inf, 1.0], 0.0),
        ([0.5], [0.0], 0.5),
        ([], [], 0.0),
        ([1.0, 2.0], [1.0], math.inf),
    ],
)
def test_what_is_not_finite_zero_or_of_another_size(values, truth, error):
    assert relative_error(np.array(values), np.array(truth)) == error


def test_the_limit_is_the_tensors_own_noise_or_the_floor():
    truth = np.linspace(-1, 1, 64, dtype=np.float32)
    off = truth + np.float32(1e-4)
    assert health(off, truth, 0.0, FLOOR, "t", certain=True).state is State.WRONG
    assert health(off, truth, 2e-5, FLOOR, "t").state is State.HEALTHY
    assert health(truth, truth, 0.0, TWIN_FLOOR, "t").healthy


def test_what_is_off_under_its_own_name_is_wrong_only_where_part_of_it_agrees():
    truth = np.linspace(1, 2, 64, dtype=np.float32)
    one_channel = truth.copy()
    one_channel[:16] *= 2
    assert health(one_channel, truth, 0.0, FLOOR, "t").state is State.WRONG
    assert health(truth * 2, truth, 0.0, FLOOR, "t").state is State.UNMATCHED
    # The zeros of two ReLUs agree, and prove nothing.
    sparse, other = np.zeros(64, np.float32), np.zeros(64, np.float32)
    sparse[:8], other[:8] = 1, 2
    assert agreeing_share(other, sparse, FLOOR) == 0
    assert health(other, sparse, 0.0, FLOOR, "t").state is State.UNMATCHED


def test_whole_numbers_and_few_values_vouch_for_nothing():
    assert health(np.zeros(64, np.float32), np.zeros(64, np.float32), 0, FLOOR, "t").vouches
    assert not health(np.zeros(64, np.int64), np.zeros(64, np.int64), 0, FLOOR, "t").vouches
    assert not health(np.zeros(4, np.float32), np.zeros(4, np.float32), 0, FLOOR, "t").vouches
