"""The ranges of a Paddle 3 program's activations, beside what numpy computes."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.converters.paddle3.plain_in_numpy import parameters, probabilities

pytestmark = pytest.mark.toolchain


def test_the_layers_are_named_in_order_and_the_ends_are_right(run_worker, adopt, exported, noise, tmp_path):
    images = noise(3, 32)
    images[:, 1] = 0.5
    save_file({"x": images}, tmp_path / "x.safetensors")
    inputs = {"program": adopt("plain")[1], "tensors": tmp_path / "x.safetensors"}
    details, output = run_worker("paddle3/ranges.py", inputs, {"batch": 1})
    found = json.loads((output / "ranges.json").read_text())["tensors"]
    assert details == {"samples": 3, "tensors": len(found)}
    assert (found[0]["type"], found[-1]["type"]) == ("input", "softmax")
    exact = probabilities(images, parameters(exported / "plain"))
    for one, truth in ((found[0], images), (found[-1], exact)):
        np.testing.assert_allclose([one["minimum"], one["maximum"]], [truth.min(), truth.max()], rtol=1e-5)
    assert (found[0]["channels"], found[0]["constant"]) == (3, [[1, 0.5]])
    assert (found[-1]["channels"], found[-1]["constant"]) == (exact.shape[1], [])
    names = [one["name"] for one in found]
    assert len(set(names)) == len(names)
    # A convolution before its bias, both before their normalisation, a product before its bias.
    assert [one["type"] for one in found if one["folded"]] == ["conv2d", "add", "matmul"]
