"""What becomes of convolutions side by side on parts of the channels: one, with their kernels one below the other.

Smaller kernels lie in the middle of zeros. edgekit's own rewrites for speed make it of a split, convolutions and a
concatenation (MixNet); this reads the program as it came, and works it out again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgeworker.paddle_program import Op, arguments, attribute, ops

CONVOLUTIONS = ("conv2d", "depthwise_conv2d")


@dataclass(frozen=True)
class Joined:
    """The kernels of several convolutions, [out, in / groups, k, k], and the parameters `names` in it, in order."""

    names: tuple[str, ...]
    kernels: np.ndarray


def side_by_side(program: Any, parameters: Mapping[str, np.ndarray]) -> dict[str, Joined]:
    """The kernels of every such group of convolutions, by the variable that their concatenation writes."""
    makers = {name: op for op in ops(program) for slot in op.desc.outputs for name in slot.arguments}
    found = {}
    for concat in ops(program, {"concat"}):
        if attribute(concat, "axis") != 1:
            continue
        convs = [makers.get(name) for name in arguments(concat.desc.inputs, "X") or []]
        read = [next(iter(arguments(conv.desc.inputs, "Input") or []), "") for conv in convs if conv is not None]
        if len(convs) < 2 or len(read) != len(convs) or not _are_parts(read, makers):
            continue
        names = tuple(_kernels_of(conv, parameters) for conv in convs)
        if all(names) and (kernels := joined([parameters[name] for name in names])) is not None:
            found[concat.desc.outputs[0].arguments[0]] = Joined(names, kernels)
    return found


def joined(kernels: list[np.ndarray]) -> np.ndarray | None:
    """[out, in, k, k] each -> one below the other, the smaller ones amid zeros; None without a common middle."""
    largest = max(one.shape[-1] for one in kernels)
    if len({one.shape[1] for one in kernels}) > 1 or any(
        one.ndim != 4 or one.shape[2] != one.shape[3] or (largest - one.shape[3]) % 2 for one in kernels
    ):
        return None
    laid = np.zeros((sum(map(len, kernels)), kernels[0].shape[1], largest, largest), kernels[0].dtype)
    row = 0
    for one in kernels:
        edge, size = (largest - one.shape[2]) // 2, one.shape[2]
        laid[row : row + len(one), :, edge : edge + size, edge : edge + size] = one
        row += len(one)
    return laid


def _are_parts(names: list[str], makers: Mapping[str, Op]) -> bool:
    """Whether variables are all parts of one split along the channels, in order."""
    split = makers.get(names[0])
    if split is None or split.desc.type != "split" or attribute(split, "axis") != 1:
        return False
    return arguments(split.desc.outputs, "Out") == names


def _kernels_of(conv: Op | None, parameters: Mapping[str, np.ndarray]) -> str:
    """The parameter that is a convolution's kernels; an empty text where it is none."""
    if conv is None or conv.desc.type not in CONVOLUTIONS:
        return ""
    name = next(iter(arguments(conv.desc.inputs, "Filter") or []), "")
    return name if name in parameters else ""
