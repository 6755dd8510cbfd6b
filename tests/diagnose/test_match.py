import numpy as np
import pytest

from edgekit.diagnose.health import State
from edgekit.diagnose.match import Matcher

RANDOM = np.random.default_rng(0)
HEALTHY = {
    "conv": RANDOM.standard_normal((1, 8, 6, 6)).astype(np.float32),
    "relu": RANDOM.standard_normal((1, 8, 6, 6)).astype(np.float32),
    "pool": RANDOM.standard_normal((1, 8, 3, 3)).astype(np.float32),
}


@pytest.fixture
def matcher() -> Matcher:
    return Matcher(HEALTHY, HEALTHY.__getitem__, {"relu": 1e-4})


def test_the_same_values_in_another_shape_match(matcher):
    found = matcher.match(HEALTHY["conv"].reshape(8, 36))
    assert (found.state, found.counterpart, found.error) == (State.HEALTHY, "conv", 0.0)


def test_rounding_matches_and_more_does_not(matcher):
    assert matcher.match(HEALTHY["conv"] * np.float32(1 + 1e-6)).counterpart == "conv"
    off = matcher.match(HEALTHY["conv"] * np.float32(1 + 1e-4))
    assert (off.state, off.counterpart, off.error) == (State.UNMATCHED, None, None)


def test_a_noisy_tensor_is_judged_by_its_own_noise(matcher):
    assert matcher.match(HEALTHY["relu"] * np.float32(1 + 1e-4)).counterpart == "relu"


def test_a_permuted_tensor_matches(matcher):
    assert matcher.match(HEALTHY["conv"].transpose(0, 2, 3, 1)).counterpart == "conv"


def test_another_size_or_not_a_number_match_nothing(matcher):
    assert matcher.match(np.zeros(7, np.float32)).state is State.UNMATCHED
    assert matcher.match(np.full((1, 8, 3, 3), np.nan, np.float32)).state is State.UNMATCHED


def test_a_tensor_with_one_wrong_channel_is_recognised(matcher):
    damaged = HEALTHY["relu"].copy()
    damaged[0, 3] += 1
    found = matcher.match(damaged.reshape(8, 36))
    assert (found.state, found.counterpart) == (State.WRONG, "relu")
    assert found.error == pytest.approx(1 / np.abs(HEALTHY["relu"]).max(), rel=1e-5)
    damaged[0, 0, 0, 0] = np.nan
    assert matcher.match(damaged).error == np.inf
