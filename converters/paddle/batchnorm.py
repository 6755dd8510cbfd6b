"""Calibration: batch norms get the statistics of real signals, and the logits a spread near 1.

Freshly initialised batch norms (mean 0, variance 1) normalise nothing: activations grow or fade by a factor at
every layer, and a comparison of logits near 1e9 or 1e-7 tests little. One forward pass in training mode with
momentum 0 sets each to the statistics of what it really sees.
"""

import math

import numpy as np
from drawing import CONVOLVED_SCALE, RESIDUAL_SCALE
from network import Network
from oracle import to_float64
from paddle_runtime import paddle
from weights import set_tensors

# Machines add in different orders, so their last bits differ. The pass therefore runs in float64, and its results
# are rounded to as many bits as float16 keeps; a difference survives only where it straddles a rounding boundary.
# With every pixel moved by its last bit, ResNet152's 151,424 statistics move by up to 1e-14 in float64 and none
# differs after the rounding; in float32 they move by 4e-6, and 420 differ.
SIGNIFICANT_BITS = 11
# A channel that hardly moved during calibration must not be blown up when it does.
SMALLEST_VARIANCE = 0.01  # of the mean variance of its layer
RESHAPING = ("reshape2", "transpose2")
# Operators through which an offset of every class passes unchanged; `add` and `scale` average two classifiers.
AFFINE = ("reshape2", "flatten_contiguous_range", "squeeze2", "elementwise_add", "scale", "elementwise_div")


def calibrate(network: Network, weights: dict[str, np.ndarray], images: np.ndarray) -> dict[str, np.ndarray]:
    """`weights` with calibrated statistics and classifier; all float32.

    `network` was built for training and for `images`, [N, 3, H, W]. What the logits of all images have in common is
    taken out, or every image would be of the same class; their standard deviation is then between 0.5 and 1.
    Features are left as they come out.
    """
    calibrated = dict(weights)
    with paddle.static.scope_guard(paddle.static.Scope()):
        set_tensors(network, weights, np.float64)
        (logits,) = paddle.static.Executor(paddle.CPUPlace()).run(
            to_float64(network.program),
            feed={network.input.name: images.astype(np.float64)},
            fetch_list=[network.output.name],
        )
        scope = paddle.static.global_scope()
        for name, variable in network.tensors.items():
            if name.endswith(("_mean", "_variance")):
                value = np.array(scope.find_var(variable.name).get_tensor())
                if name.endswith("_variance"):
                    value = np.maximum(value, SMALLEST_VARIANCE * value.mean())
                calibrated[name] = round_to_bits(value, SIGNIFICANT_BITS).astype(np.float32)
    common = logits.mean(axis=0)
    scale = 2.0 ** -math.ceil(math.log2((logits - common).std()))
    if not is_affine(network):
        common = np.zeros_like(common)
    for layer in network.architecture.last:
        weight, bias = f"{layer}.weight", f"{layer}.bias"
        calibrated[weight] = weights[weight] * np.float32(scale)
        if bias in weights:
            calibrated[bias] = round_to_bits((weights[bias] - common) * scale, SIGNIFICANT_BITS).astype(np.float32)
    return calibrated


def is_affine(network: Network) -> bool:
    """Whether the last layers' offsets arrive in the output as they are: nothing but changes of shape lies behind them.

    SqueezeNet ends in a convolution, a ReLU and a pool.
    """
    offsets = {f"{layer}.bias" for layer in network.architecture.last}
    names = {variable.name for name, variable in network.tensors.items() if name in offsets}
    maker = {name: op for op in network.program.global_block().ops for name in op.output_arg_names}
    op = maker[network.output.name]
    while not names.intersection(op.input_arg_names):
        if op.type not in AFFINE or not (before := [maker[n] for n in op.input_arg_names if n in maker]):
            return False
        op = before[0]
    return True


def residual_scales(network: Network) -> dict[str, float]:
    """By how much to scale what ends a residual branch, by structured names.

    That is the scale of the batch norm whose result is added to an untouched shortcut, and where there is none, the
    convolution's weight and bias (StarNet).
    """
    ops = network.program.global_block().ops
    scale_of: dict[str, list[str]] = {}
    for op in ops:
        if op.type == "batch_norm":
            scale_of[op.output("Y")[0]] = op.input("Scale")
        elif op.type in RESHAPING and op.input("X")[0] in scale_of:  # LeViT normalises tokens as rows of one matrix
            scale_of[op.output("Out")[0]] = scale_of[op.input("X")[0]]
    # Networks without any batch norm are not calibrated, and what they compute is theirs.
    convolved = convolutions(network) if scale_of else {}
    found: dict[str, float] = {}
    for op in ops:
        if op.type == "elementwise_add":
            summands = op.input("X") + op.input("Y")
            for known, scale in ((scale_of, RESIDUAL_SCALE), (convolved, CONVOLVED_SCALE)):
                if branches := [known[name] for name in summands if name in known]:
                    if len(branches) == 1:
                        found |= dict.fromkeys(branches[0], scale)
                    break
    return {name: found[variable.name] for name, variable in network.tensors.items() if variable.name in found}


def convolutions(network: Network) -> dict[str, list[str]]:
    """The result of each convolution with a bias -> the program's names of its weight and its bias."""
    filters: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for op in network.program.global_block().ops:
        if op.type in ("conv2d", "depthwise_conv2d"):
            filters[op.output("Output")[0]] = op.input("Filter")[0]
        elif op.type == "elementwise_add" and (weight := filters.get(op.input("X")[0])):
            found[op.output("Out")[0]] = [weight, op.input("Y")[0]]
    return found


def round_to_bits(values: np.ndarray, bits: int) -> np.ndarray:
    """Each value rounded to `bits` significant binary digits."""
    mantissas, exponents = np.frexp(values)
    return np.ldexp(np.rint(np.ldexp(mantissas, bits)), exponents - bits)
