"""Weights out of a seed, for networks whose trained weights are not at hand: same shapes, sane signals, no skill."""

import math
from typing import Any

import numpy as np
from architecture import Architecture
from batchnorm import calibrate, residual_scales
from drawing import draw, generator
from edgeworker.protocol import Request, main
from edgeworker.sizes import size_option
from network import build
from paddle_runtime import set_threads
from safetensors.numpy import save_file

STRIDE = 32  # of the last stage of every architecture here
CHANNEL_SAMPLES = 128  # positions over all images, at least, behind each statistic of that stage
FEWEST_IMAGES, MOST_IMAGES = 4, 32
LEAN = (0.7, 1.4)  # a grid's share relative to the next coarser one's, in the first and in the last image
CONTRAST = (1.2, 0.6)


def synthesize(request: Request) -> dict[str, Any]:
    """Write `weights.safetensors`: float32, PaddleClas's structured names; the same seed gives the same bytes.

    What a network's constructor computes (tables of positions) is not among them.

    Options: `architecture` (see `Architecture`), `seed`, `input_size` (see `edgeworker.sizes`), `class_count`,
    `threads`.
    """
    options = request.options
    architecture = Architecture.from_option(options["architecture"])
    seed, size = int(options["seed"]), size_option(options["input_size"])
    set_threads(int(options.get("threads", 2)))
    samples_per_image = math.prod(math.ceil(side / STRIDE) for side in size)
    count = min(MOST_IMAGES, max(FEWEST_IMAGES, math.ceil(CHANNEL_SAMPLES / samples_per_image)))
    network = build(architecture, int(options["class_count"]), size, count, training=True)
    shapes = network.shapes
    weights = {
        name: draw(name, shape, seed, feeds_activation=f"{name.removesuffix('bias')}_mean" in shapes)
        for name, shape in shapes.items()
        if name in network.trained
    }
    for name, scale in residual_scales(network).items():
        weights[name] *= np.float32(scale)
    weights = calibrate(network, weights, images(count, size, seed))
    save_file(weights, request.output / "weights.safetensors")
    return {"parameters": network.parameters}


def images(count: int, size: tuple[int, int], seed: int) -> np.ndarray:
    """[count, 3, *size], mean near 0: from soft and strong in contrast to rough and faint.

    Noise on grids of 1, 2, 4, ... cells is enlarged and added. With equal shares an image is like a photograph,
    whose amplitude falls as 1 / frequency. Shares lean to the coarse grids in the first image and to the fine ones
    in the last, since a layer calibrated on one kind alone answers wildly to the other.
    """
    numbers = generator(seed, "images")
    lean = np.linspace(*LEAN, count).reshape(count, 1, 1, 1)
    total, share, cells = np.zeros((count, 3, *size)), np.ones_like(lean), 1
    while cells < max(size):
        grid = numbers.random((count, 3, cells + 1, cells + 1)) * 2 - 1
        total += share * _unit(_enlarge(_enlarge(grid, size[0], axis=2), size[1], axis=3))
        share, cells = share * lean, cells * 2
    total += share * _unit(numbers.random(total.shape) * 2 - 1)
    return _unit(total) * np.linspace(*CONTRAST, count).reshape(count, 1, 1, 1)


def _unit(values: np.ndarray) -> np.ndarray:
    """Each image scaled to a standard deviation of 1."""
    return values / values.std(axis=(1, 2, 3), keepdims=True)


def _enlarge(grid: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Linear interpolation along `axis` to `size` points, from the first grid point to just before the last."""
    position = np.arange(size) * ((grid.shape[axis] - 1) / size)
    low = position.astype(np.int64)
    shape = [1] * grid.ndim
    shape[axis] = size
    part = (position - low).reshape(shape)
    return np.take(grid, low, axis) * (1 - part) + np.take(grid, low + 1, axis) * part


if __name__ == "__main__":
    main(synthesize, tools=["paddlepaddle", "paddleclas", "numpy"])
