import math
from itertools import permutations

import numpy as np
import pytest

from tests.converters.ncnn.attention_graphs import Builder
from tests.converters.ncnn.rewriting import RewriteUnderTest, evaluate, operators


@pytest.fixture
def rewrite(onnx_graph, rewrites):
    return RewriteUnderTest("stepwise-transpose", onnx_graph, rewrites)


def transposed(shape, perm):
    build = Builder()
    count = math.prod(shape)
    moved = build.transpose(build.reshape(build.input("x", 1, count), *shape), *perm)
    return build.model(build.reshape(moved, 1, count))


def test_patches_of_an_image_take_two_steps(rewrite):
    model = transposed((1, 3, 2, 4, 2, 4), (0, 1, 3, 5, 2, 4))
    rewrite.keeps_values(model)
    assert operators(model).count("Transpose") == 2


def test_every_order_of_five_keeps_its_values(rewrite):
    """Two or three steps where all five part; the others are left alone."""
    counts = []
    for order in permutations(range(5)):
        model = transposed((1, 2, 3, 2, 3, 2), (0, *(axis + 1 for axis in order)))
        expected = evaluate(model)
        report = rewrite.apply(model)
        assert report["refused"] == []
        for old, new in zip(expected, evaluate(model), strict=True):
            np.testing.assert_array_equal(new, old)
        counts += [operators(model).count("Transpose")] * report["applied"]
    assert set(counts) == {2, 3}


@pytest.mark.parametrize("perm", [(0, 1, 3, 2, 4, 5), (0, 1, 2, 4, 3, 5), (1, 0, 2, 3, 4, 5)])
def test_what_ncnn_can_is_left_alone(rewrite, perm):
    rewrite.leaves(transposed((1, 2, 3, 2, 3, 2), perm))


def test_too_many_are_refused(rewrite):
    build = Builder()
    model = build.model(build.transpose(build.input("x", 1, *[2] * 8), 0, 8, 7, 6, 5, 4, 3, 2, 1))
    assert rewrite.refuses(model) == "Transpose n0: it moves 8 dimensions apart; up to 7 are moved"


def test_an_open_dimension_is_refused(rewrite):
    build = Builder()
    model = build.model(build.transpose(build.input("x", 1, "n", 2, 2, 2, 2), 0, 5, 4, 3, 2, 1))
    assert rewrite.refuses(model) == "Transpose n0: the shape of 'x' is not known"
