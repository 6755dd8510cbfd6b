"""Pictures out of patches: by order alone where they lie side by side, else by a transposed convolution."""

import numpy as np
import pytest
from edgeworker.rewrite import apply_rewrites

from tests.converters.paddle_programs import Written, kinds, noise, patches, run, undeclared, wrong_shapes

# kernel, strides, paddings (top, left, bottom, right), dilations, height, width
SIDE_BY_SIDE = ([2, 3], [2, 3], [0] * 4, [1, 1], 8, 6)
OTHERS = [
    ([3, 3], [1, 1], [1] * 4, [1, 1], 6, 7),
    ([3, 2], [2, 1], [1, 0, 2, 1], [1, 1], 8, 6),
    ([2, 2], [1, 2], [0] * 4, [2, 3], 8, 9),
]


def put_together(x, case):
    """The sum of all patches where each came from, in numpy, pixel by pixel."""
    kernel, strides, sides, dilations, height, width = case
    channels = x.shape[1] // (kernel[0] * kernel[1])
    where = patches(np.arange(1, height * width + 1).reshape(1, 1, height, width), kernel, strides, sides, dilations)
    flat = np.zeros((x.shape[0], channels, height * width + 1))
    pixels = where.reshape(kernel[0] * kernel[1], -1)  # 0 is the padding
    values = x.reshape(x.shape[0], channels, *pixels.shape)
    for place in np.ndindex(pixels.shape):
        flat[:, :, pixels[place]] += values[:, :, *place]
    return flat[:, :, 1:].reshape(x.shape[0], channels, height, width)


def program(case, channels=3, number=2):
    kernel, strides, sides, dilations, height, width = case
    down, across = patches(np.zeros((1, 1, height, width)), kernel, strides, sides, dilations).shape[4:]
    shape = [number, channels * kernel[0] * kernel[1], down * across]
    written = Written(shape)
    attributes = {"kernel_sizes": kernel, "strides": strides, "paddings": sides, "dilations": dilations}
    attributes["output_sizes"] = [height, width]
    written.then("fold", {"X": ["x"]}, "y", [number, channels, height, width], slot="Y", **attributes)
    return written.fetch("y"), noise(*(abs(extent) for extent in shape))


@pytest.mark.parametrize("case", [SIDE_BY_SIDE, *OTHERS])
@pytest.mark.parametrize("number", [2, -1])
def test_every_patch_is_added_where_it_came_from(rewrites, case, number):
    graph, x = program(case, number=number)
    assert apply_rewrites(graph, [rewrites.PlainFold()])[0]["applied"] == 1
    expected = ["reshape2", "transpose2", "reshape2", "transpose2", "reshape2"]
    assert kinds(graph) == (expected if case is SIDE_BY_SIDE else ["reshape2", "conv2d_transpose"])
    np.testing.assert_allclose(run(graph, x)[0], put_together(x, case), rtol=1e-6, atol=1e-6)
    assert not undeclared(graph)
    assert not wrong_shapes(graph, x)


def test_patches_of_unknown_number_are_a_reason_to_refuse(rewrites):
    written = Written([1, 12, -1])
    attributes = {"kernel_sizes": [2, 2], "strides": [2, 2], "output_sizes": [8, 8]}
    written.then("fold", {"X": ["x"]}, "y", [1, 3, 8, 8], slot="Y", **attributes)
    (report,) = apply_rewrites(written.fetch("y"), [rewrites.PlainFold()])
    assert (report["applied"], len(report["refused"])) == (0, 1)
    assert "puts [1, 12, -1] together" in report["refused"][0]
