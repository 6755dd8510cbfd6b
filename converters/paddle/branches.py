"""Folds branches that exist for training alone into one convolution, as PaddleClas does when it exports."""

from collections.abc import Callable

import numpy as np
from paddle_runtime import paddle

# Folding adds the same numbers in another order. What is off by more has lost something: RepVGG_D2se of PaddleClas
# 2.6.0 leaves its squeeze-and-excitation out.
LARGEST_DIFFERENCE = 1e-2


def fold_branches(
    model: paddle.nn.Layer,
    weights: dict[str, np.ndarray],
    again: Callable[[], paddle.nn.Layer],
    size: tuple[int, int],
) -> tuple[paddle.nn.Layer, dict[str, np.ndarray] | None]:
    """`model` with its branches folded, and the values of its tensors; unchanged, and None, where nothing is to fold.

    Nor is it folded where its output for an image of `size` pixels would change: `again` then constructs it anew.
    """
    layers = [layer for layer in model.sublayers() if has_branches(layer)]
    if not layers:
        return model, None
    model.set_state_dict({name: paddle.to_tensor(value) for name, value in weights.items()})
    image = paddle.to_tensor(np.random.default_rng(0).standard_normal((1, 3, *size), np.float32))
    with paddle.no_grad():
        before = model(image).numpy()
        for layer in layers:
            layer.re_parameterize()
        after = model(image).numpy()
    if np.abs(after - before).max() > LARGEST_DIFFERENCE * np.abs(before).max():
        return again(), None
    return model, {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def has_branches(layer: paddle.nn.Layer) -> bool:
    """Whether a layer knows how to fold itself."""
    return hasattr(layer, "re_parameterize")
