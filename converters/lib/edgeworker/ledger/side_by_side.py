"""What becomes of convolutions side by side on parts of the channels: one, with their kernels in one tensor.

One below the other, where smaller kernels lie in the middle of zeros; and those of adjacent groups on the diagonal of a
kernel of zeros, which reads the channels of all of them. edgekit's own rewrites for speed make it of a split,
convolutions and a concatenation (MixNet), and of convolutions of groups (DPN, ResNeXt); this reads the program as it
came, and works it out again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgeworker.paddle_program import Op, arguments, attribute, ops

CONVOLUTIONS = ("conv2d", "depthwise_conv2d")
WIDEST = 24
"""Channels read by what is laid on a diagonal, at most: wider ones nobody makes, and they would take memory."""


@dataclass(frozen=True)
class Joined:
    """The kernels of several convolutions, [out, in / groups, k, k], and the parameters `names` in it, in order."""

    names: tuple[str, ...]
    kernels: np.ndarray


def side_by_side(program: Any, parameters: Mapping[str, np.ndarray]) -> dict[str, list[Joined]]:
    """What the kernels of every such group of convolutions may be, by the variable that has their results together."""
    found: dict[str, list[Joined]] = {}
    for result, names, kernels in _concatenated(program, parameters):
        if (array := joined(kernels)) is not None:
            groups = len(kernels) if len({one.shape for one in kernels}) == 1 else 1
            found[result] = [Joined(names, array), *(Joined(names, one) for one in widened(array, groups))]
    for result, name, groups in _grouped(program, parameters):
        found[result] = [Joined((name,), one) for one in widened(parameters[name], groups)]
    return found


def _concatenated(
    program: Any, parameters: Mapping[str, np.ndarray]
) -> Iterator[tuple[str, tuple[str, ...], list[np.ndarray]]]:
    """Convolutions between a split and a concatenation: what that writes, the parameters, their values."""
    makers = {name: op for op in ops(program) for slot in op.desc.outputs for name in slot.arguments}
    for concat in ops(program, {"concat"}):
        if attribute(concat, "axis") != 1:
            continue
        convs = [makers.get(name) for name in arguments(concat.desc.inputs, "X") or []]
        read = [next(iter(arguments(conv.desc.inputs, "Input") or []), "") for conv in convs if conv is not None]
        if len(convs) < 2 or len(read) != len(convs) or not _are_parts(read, makers):
            continue
        names = tuple(_kernels_of(conv, parameters) for conv in convs)
        if all(names):
            yield concat.desc.outputs[0].arguments[0], names, [parameters[name] for name in names]


def _grouped(program: Any, parameters: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str, int]]:
    """Convolutions of groups: what each writes, its parameter, the number of groups."""
    for conv in ops(program, {"conv2d"}):
        name, groups = _kernels_of(conv, parameters), attribute(conv, "groups") or 1
        if name and groups > 1 and len(parameters[name]) % groups == 0:
            yield conv.desc.outputs[0].arguments[0], name, groups


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


def widened(kernels: np.ndarray, groups: int) -> Iterator[np.ndarray]:
    """[out, in, k, k] in groups -> [out, n in, k, k], for each n that groups can be put together by."""
    out, each, *size = kernels.shape
    for count in range(2, min(groups, WIDEST // each if each > 1 else 1) + 1):
        if groups % count == 0:
            laid = np.zeros((groups // count, count, out // groups, count, each, *size), kernels.dtype)
            for place in range(count):
                laid[:, place, :, place] = kernels.reshape(groups // count, count, out // groups, each, *size)[:, place]
            yield laid.reshape(out, count * each, *size)


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
