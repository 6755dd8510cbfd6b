"""Powers as products: what they compute, and that Paddle Lite's own kernel is wrong."""

import numpy as np
import pytest
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, kinds, noise, run, wrong_shapes


def program(factor: float):
    written = Written([1, 3, 4, 4])
    written.then("pow", {"X": ["x"]}, "y", [1, 3, 4, 4], factor=factor)
    return written.fetch("y")


@pytest.mark.parametrize(("factor", "products"), [(2, 1), (3, 2), (4, 2), (6, 3), (7, 4), (8, 3)])
def test_the_numbers_stay(rewrites, factor, products):
    graph, x = program(float(factor)), noise(1, 3, 4, 4)
    assert apply_rewrites(graph, [rewrites.PowAsProduct()])[0]["applied"] == 1
    assert kinds(graph) == ["elementwise_mul"] * products
    np.testing.assert_allclose(run(graph, x)[0], x.astype(np.float64) ** factor, rtol=1e-6)
    assert not wrong_shapes(graph, x)


@pytest.mark.parametrize("factor", [0.5, -1.0, 1.0, 9.0])
def test_other_factors_are_a_reason_to_refuse(rewrites, factor):
    (report,) = apply_rewrites(program(factor), [rewrites.PowAsProduct()])
    assert report["refused"] == [f"pow (block 0, op 1 -> y) has the factor {factor:g}"]
