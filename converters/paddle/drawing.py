"""Tensors out of a seed: one rule for each role that a parameter can have."""

import hashlib
import math

import numpy as np
from network import STATISTICS

LARGEST = 2**15  # drawn whole numbers lie between minus and plus this
IMAGE_CHANNELS = 3
# Residual branches of full size make deep networks chaotic: in ResNet200_vd FP32 is then 1e-3 off, as much as FP16
# should be, and a comparison tells nothing apart. Trained networks have small ones.
RESIDUAL_SCALE = 0.25
# Behind a product of two signals, which squares outliers, and without a norm that must be less: StarNet_S4's 23 blocks
# end 0.9 of the logits' range off in FP32 with 0.25, and 7e-6 with this.
CONVOLVED_SCALE = RESIDUAL_SCALE**2
NORM_SCALE, NORM_REACH = 0.75, 0.25
POSITION_REACH = 0.5  # of what is added to tokens or to attention for their place; as large as that itself
# The last parts of names, for parameters that are no layer's weight or bias.
RESIDUAL_SCALES = ("gamma", "gamma_1", "gamma_2", "layer_scale_1", "layer_scale_2")
SCALES = ("scale", "gate", "logit_scale", "proj")
POSITIONS = (
    "cls_token",
    "dist_token",
    "pos_embed",
    "patch_pos",
    "pixel_pos",
    "attention_biases",
    "relative_position_bias_table",
)


def draw(name: str, shape: tuple[int, ...], seed: int, feeds_activation: bool = False) -> np.ndarray:
    """One tensor's values, from the seed and the tensor's name alone; float32.

    Convolutions keep the signal's size through a ReLU (variance 2 / fan-in, He et al. 2015), linear layers without
    one (1 / fan-in). Each filter over many channels sums to zero, so that what all channels share after a ReLU
    cancels: else a darker photo than those of the calibration ends in logits of 60. `feeds_activation`: the bias of
    a batch norm, which lets three quarters of the signal through a ReLU. Half makes deep networks chaotic (FP32
    1e-4 off in DPN92; so 7e-6).
    Whole numbers scaled, since their sums are exact on every machine.
    """
    if name.endswith(STATISTICS):
        return np.full(shape, 0.0 if name.endswith("_mean") else 1.0, np.float32)
    numbers = generator(seed, name).integers(-LARGEST, LARGEST, shape, endpoint=True)
    centre = 0.0
    match name.rpartition(".")[2], len(shape):
        case "weight", 4:  # [out, in / groups, height, width]
            fan_in = math.prod(shape[1:])
            reach = math.sqrt(3 * 2 / fan_in)
            if shape[1] > IMAGE_CHANNELS:
                numbers = fan_in * numbers - numbers.sum(axis=(1, 2, 3), keepdims=True)
                reach /= fan_in
        case "weight", 2:  # [in, out]
            reach = math.sqrt(3 * 1 / shape[0])
        case "weight", 1:  # a norm's scale
            centre, reach = NORM_SCALE, NORM_REACH
        case "bias", 1:
            centre, reach = 0.5 if feeds_activation else 0.0, 0.1
        case (("q_bias" | "v_bias"), 1):
            reach = 0.1
        case "_weight", 1:  # the slope of a PReLU
            centre, reach = 0.25, 0.1
        case last, _ if last in RESIDUAL_SCALES:
            centre, reach = NORM_SCALE * RESIDUAL_SCALE, NORM_REACH * RESIDUAL_SCALE
        case last, _ if last in SCALES:
            centre, reach = NORM_SCALE, NORM_REACH
        case last, _ if last in POSITIONS:
            reach = POSITION_REACH
        case _:
            raise NotImplementedError(f"no rule for {name} of the shape {list(shape)}")
    return (numbers * (reach / LARGEST) + centre).astype(np.float32)


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A generator for one purpose, of which no other's numbers depend."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))
