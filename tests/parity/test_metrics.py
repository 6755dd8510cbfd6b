"""Every figure against one worked out by hand."""

import math

import numpy as np
import pytest

from edgekit.parity import metrics

TRUTH = np.array([[4.0, 3.0, 0.0], [0.0, -2.0, 1.0]])
VALUES = np.array([[4.0, 3.0, 0.4], [0.1, -2.0, 1.0]])


def test_scale_is_the_largest_magnitude_of_each_sample() -> None:
    assert metrics.scales(TRUTH).tolist() == [4.0, 2.0]
    assert metrics.scales(np.zeros((1, 3))).tolist() == [1.0]


def test_errors_by_hand() -> None:
    figures = metrics.errors(VALUES, TRUTH, metrics.scales(TRUTH))
    assert figures.max_abs == pytest.approx(0.4)
    assert figures.max_relative == pytest.approx(0.1)
    # Relative errors 0.4/4 and 0.1/2 among six values.
    assert figures.rms_relative == pytest.approx(math.sqrt((0.1**2 + 0.05**2) / 6))
    # First row: 25 / (5 sqrt(25.16)); second: 5 / (sqrt(5) sqrt(5.01)). The first is smaller.
    assert figures.cosine == pytest.approx(5 / math.sqrt(25.16))
    # Signal 25 + 5, noise 0.16 + 0.01.
    assert figures.snr_db == pytest.approx(10 * math.log10(30 / 0.17))


def test_equal_outputs() -> None:
    figures = metrics.errors(TRUTH, TRUTH, metrics.scales(TRUTH))
    assert (figures.max_abs, figures.max_relative, figures.rms_relative) == (0.0, 0.0, 0.0)
    assert figures.cosine == pytest.approx(1.0)
    assert figures.snr_db is None


def test_one_percent_of_scale_is_forty_decibels() -> None:
    assert metrics.snr_db(TRUTH * 1.01, TRUTH) == pytest.approx(40.0)


def test_cosine_of_zero_rows() -> None:
    zeros = np.zeros((1, 3))
    assert metrics.cosines(zeros, zeros).tolist() == [1.0]
    assert metrics.cosines(zeros, TRUTH[:1]).tolist() == [0.0]
    assert metrics.cosines(-TRUTH, TRUTH) == pytest.approx([-1.0, -1.0])


def test_top1_agreement() -> None:
    truth = np.eye(4)
    values = truth.copy()
    values[2] = [1, 0, 0, 0]
    assert metrics.top1_agreement(values, truth) == 0.75


def test_top5_agreement_counts_common_classes() -> None:
    truth = np.array([[9.0, 8, 7, 6, 5, 4, 3]])
    values = np.array([[9.0, 8, 7, 1, 0, 4, 3]])  # 5 and 6 instead of 3 and 4
    assert metrics.top5_agreement(values, truth) == pytest.approx(3 / 5)
    # The order within the five does not count.
    assert metrics.top5_agreement(np.array([[5.0, 6, 7, 8, 9, 4, 3]]), truth) == 1.0
    assert metrics.top5_agreement(truth[:, :5], truth[:, :5]) is None


def test_margins() -> None:
    assert metrics.margins(np.array([[1.0, 5, 3], [2, 2, 0]])).tolist() == [2.0, 0.0]
    assert metrics.margins(np.array([[3.0]])).tolist() == [math.inf]


def test_log_probabilities() -> None:
    result = metrics.log_probabilities(np.array([[1.0, math.exp(-3), 0.0, 1e-40]]), 1e-30)
    assert result[0] == pytest.approx([0.0, -3.0, math.log(1e-30), math.log(1e-30)])


@pytest.mark.parametrize("seed", range(20))
def test_properties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal((int(rng.integers(1, 9)), int(rng.integers(2, 50))))
    values = truth + rng.standard_normal(truth.shape) * 10.0 ** rng.uniform(-8, 0)
    scale = metrics.scales(truth)
    figures = metrics.errors(values, truth, scale)
    assert 0 < figures.rms_relative <= figures.max_relative
    assert -1 <= figures.cosine <= 1 + 1e-12
    # Another unit changes no relative figure; another order of classes or samples changes none at all.
    scaled = metrics.errors(values * 1000, truth * 1000, metrics.scales(truth * 1000))
    assert scaled.max_relative == pytest.approx(figures.max_relative, rel=1e-6)
    assert scaled.rms_relative == pytest.approx(figures.rms_relative, rel=1e-6)
    assert scaled.max_abs == pytest.approx(figures.max_abs * 1000, rel=1e-6)
    rows, columns = rng.permutation(truth.shape[0]), rng.permutation(truth.shape[1])
    mixed = metrics.errors(values[rows][:, columns], truth[rows][:, columns], scale[rows])
    assert mixed.max_abs == figures.max_abs
    assert mixed.rms_relative == pytest.approx(figures.rms_relative)
    # Doubling the error doubles its figures and takes 6.02 dB.
    doubled = metrics.errors(truth + 2 * (values - truth), truth, scale)
    assert doubled.rms_relative == pytest.approx(2 * figures.rms_relative, rel=1e-6)
    assert doubled.snr_db is not None
    assert figures.snr_db is not None
    assert doubled.snr_db == pytest.approx(figures.snr_db - 20 * math.log10(2), abs=1e-6)


def test_signal_to_noise_is_of_each_sample_by_itself() -> None:
    truth = np.array([[1000.0, 0.0], [1.0, 0.0], [3.0, 4.0]])
    values = truth + np.array([[10.0, 0.0], [0.1, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(metrics.sample_snr_db(values, truth), [40, 20, np.inf])
