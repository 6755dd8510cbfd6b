"""The median of ratios and its interval."""

import numpy as np
import pytest

from edgekit.bench.ratio import CONFIDENCE, lower_rank, ratio_of


def test_the_ranks_are_those_of_the_sign_test():
    # W. J. Conover's table of the binomial distribution, p = 1/2.
    assert [lower_rank(count) for count in (1, 5, 6, 9, 10, 20, 50)] == [0, 0, 0, 1, 1, 5, 17]


def test_what_disturbs_both_of_a_round_cancels():
    base = [1.0, 5.0, 2.0, 100.0, 3.0, 1.0, 1.0, 8.0]
    ratio = ratio_of([0.5 * one for one in base], base)
    assert (ratio.median, ratio.low, ratio.high, ratio.rounds) == (0.5, 0.5, 0.5, 8)
    assert ratio.verdict == "faster"
    assert ratio.words == "0.50 (0.50 to 0.50)"


@pytest.mark.parametrize(("factor", "verdict"), [(0.8, "faster"), (1.0, "as fast"), (1.25, "slower")])
def test_the_verdict_needs_an_interval_without_1(factor: float, verdict: str):
    spread = np.exp(np.linspace(-0.1, 0.1, 40))
    assert ratio_of((factor * spread).tolist(), [1.0] * 40).verdict == verdict


def test_the_interval_holds_the_median_as_often_as_it_says():
    random = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        ratio = ratio_of(random.exponential(1, 25).tolist(), [1.0] * 25)
        held += ratio.low <= np.log(2) <= ratio.high
    assert held / 400 >= CONFIDENCE - 0.02


def test_rounds_belong_together():
    with pytest.raises(ValueError, match="no rounds"):
        ratio_of([], [])
    with pytest.raises(ValueError, match="longer"):
        ratio_of([1.0], [1.0, 2.0])
