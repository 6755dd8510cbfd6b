"""The network `Plain` of export_networks.py in numpy, float64, from the parameters that Paddle wrote."""

import json
from pathlib import Path

import numpy as np
from edgeworker.parameter_files import read_tensors

EPSILON = float(np.float32(1e-5))  # as the program has it, in FP32


def parameters(folder: Path) -> dict[str, np.ndarray]:
    """Every parameter in float64, by the layer's kind and the parameter's own name: `linear.w_0`."""
    document = json.loads((folder / "inference.json").read_text())
    ops = document["program"]["regions"][0]["blocks"][0]["ops"]
    stored = read_tensors(folder / "inference.pdiparams", sorted(op["A"][3] for op in ops if op["#"] == "p"))
    # Paddle calls them `linear_0.w_0`.
    return {
        name.split(".")[0].rstrip("0123456789_") + "." + name.split(".")[1]: tensor.values.astype(np.float64)
        for name, tensor in stored.items()
    }


def probabilities(images: np.ndarray, values: dict[str, np.ndarray]) -> np.ndarray:
    """What the network gives for images [N, 3, H, W]."""
    per_channel = {name: value.reshape(1, -1, 1, 1) for name, value in values.items() if value.ndim == 1}
    x = convolution(images.astype(np.float64), values["conv2d.w_0"]) + per_channel["conv2d.b_0"]
    # A batch norm's w_1 and w_2 are its mean and its variance.
    x = (x - per_channel["batch_norm2d.w_1"]) / np.sqrt(per_channel["batch_norm2d.w_2"] + EPSILON)
    x = np.maximum(x * per_channel["batch_norm2d.w_0"] + per_channel["batch_norm2d.b_0"], 0)
    count, channels, height, width = x.shape
    x = x.reshape(count, channels, height // 2, 2, width // 2, 2).max(axis=(3, 5)).mean(axis=(2, 3))
    logits = x @ values["linear.w_0"] + values["linear.b_0"]
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)


def convolution(images: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """3 x 3, stride 2, padding 1."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    return np.einsum("ncijhw,ochw->noij", windows, weight)
