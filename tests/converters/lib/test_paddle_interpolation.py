"""Bicubic interpolation, beside what Paddle 2.6.2 gave."""

import numpy as np
import pytest
from edgeworker.paddle_interpolation import bicubic

SQUARES = np.arange(12.0).reshape(1, 1, 3, 4) ** 2


def test_it_computes_what_paddle_does():
    # paddle.nn.functional.interpolate(x, size=[2, 5], mode="bicubic") of these in float32.
    expected = [
        [1.7837271690368652, 3.2629637718200684, 6.359375, 11.321788787841797, 15.928013801574707],
        [52.74778747558594, 62.91455841064453, 77.515625, 93.98272705078125, 107.27642059326172],
    ]
    found = bicubic(SQUARES, 2, 5, align_corners=False)
    assert found.shape == (1, 1, 2, 5)
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-6)


def test_the_same_size_changes_nothing():
    assert np.array_equal(bicubic(SQUARES, 3, 4, align_corners=False), SQUARES)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (2, 7), (30, 3)])
def test_what_is_level_stays_level(size, align_corners):
    level = np.full((2, 3, 5, 4), 2.5)
    np.testing.assert_allclose(bicubic(level, *size, align_corners=align_corners), 2.5, rtol=1e-12)


def test_corners_stay_where_they_are_aligned():
    found = bicubic(SQUARES, 9, 11, align_corners=True)
    np.testing.assert_allclose(
        found[0, 0, [0, 0, -1, -1], [0, -1, 0, -1]], SQUARES[0, 0, [0, 0, -1, -1], [0, -1, 0, -1]]
    )


def test_a_scale_counts_more_than_the_size():
    ramp = np.arange(8.0).reshape(1, 1, 1, 8)
    exact, said = (bicubic(ramp, 1, 11, align_corners=False, scales=scales) for scales in ((), (1.5,)))
    assert not np.allclose(exact, said)
    np.testing.assert_allclose(said, bicubic(ramp, 1, 12, align_corners=False)[..., :11], rtol=1e-6)
