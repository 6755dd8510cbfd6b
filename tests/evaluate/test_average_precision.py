"""Mean average precision against scikit-learn 1.x, whose figures stand here."""

import numpy as np
import pytest

from edgekit.evaluate.average_precision import average_precision, map_drop, mean_average_precision


def made() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, scores with ties, and weights, of 200 photos and 3 labels."""
    random = np.random.Generator(np.random.PCG64(5))
    truth = (random.random((200, 3)) < [0.5, 0.1, 0.3]).astype(int)
    scores = np.round(truth * 0.3 + random.random((200, 3)), 2)
    return truth, scores, random.integers(0, 4, 200)


# sklearn.metrics.average_precision_score
EXPECTED = (0.7851800487208582, 0.6117026693273421, 0.6786882764550026)
WEIGHTED = 0.8069708167918708


def test_it_is_scikit_learns() -> None:
    truth, scores, weights = made()
    found = [average_precision(truth[:, label], scores[:, label]) for label in range(3)]
    assert found == pytest.approx(EXPECTED, abs=1e-12)
    assert average_precision(truth[:, 0], scores[:, 0], weights) == pytest.approx(WEIGHTED, abs=1e-12)
    assert mean_average_precision(truth, scores) == pytest.approx(sum(EXPECTED) / 3, abs=1e-12)


def test_a_label_that_no_photo_has_is_left_out() -> None:
    truth, scores, _ = made()
    truth[:, 1] = 0
    assert average_precision(truth[:, 1], scores[:, 1]) is None
    assert mean_average_precision(truth, scores) == pytest.approx((EXPECTED[0] + EXPECTED[2]) / 2, abs=1e-12)
    assert mean_average_precision(truth * 0, scores) is None


def test_the_same_scores_have_no_drop() -> None:
    truth, scores, _ = made()
    drop = map_drop(truth, scores, scores, 0.5)
    assert drop is not None
    assert (drop.points, drop.low, drop.high, drop.state) == (0, 0, 0, "below")


def test_noise_costs_and_the_interval_holds_it() -> None:
    truth, scores, _ = made()
    noisy = scores + np.random.Generator(np.random.PCG64(6)).normal(0, 0.3, scores.shape)
    drop = map_drop(truth, scores, noisy, 0.5)
    assert drop is not None
    assert drop.low < drop.points < drop.high
    assert drop.points == pytest.approx(
        100 * (mean_average_precision(truth, scores) - mean_average_precision(truth, noisy))  # type: ignore[operator]
    )
    # Four times the photos: the interval is about half as wide.
    more = map_drop(*(np.tile(one, (4, 1)) for one in (truth, scores, noisy)), 0.5)
    assert more is not None
    assert (more.high - more.low) / (drop.high - drop.low) == pytest.approx(0.5, abs=0.1)


def test_an_open_drop_says_how_many_more_photos() -> None:
    truth, scores, _ = made()
    noisy = scores + np.random.Generator(np.random.PCG64(7)).normal(0, 0.1, scores.shape)
    drop = map_drop(truth, scores, noisy, 0.5)
    assert drop is not None and drop.state == "open" and drop.more is not None
    half = max(drop.high - drop.points, drop.points - drop.low)
    assert (200 + drop.more) / 200 == pytest.approx((half / abs(drop.points - 0.5)) ** 2, rel=0.01)
