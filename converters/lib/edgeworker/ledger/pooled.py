"""What becomes of a mean that leaves out the padding: TFLite takes it over the whole window, and multiplies by places.

At each place of the result by the window's size over how many of its values lie inside the image.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgeworker.ledger.sources import GAMMA, Vector
from edgeworker.paddle_program import arguments, attribute, ops, variable

RANK = 4


def pooled(program: Any) -> Iterator[Vector]:
    """These factors of every such pool, [N, C, H, W] of its result; of no parameter."""
    for op in ops(program, {"pool2d"}):
        if attribute(op, "pooling_type") != "avg" or not attribute(op, "exclusive"):
            continue
        if attribute(op, "global_pooling") or attribute(op, "adaptive"):
            continue
        given, made = (
            _extents(program, slots, name) for slots, name in ((op.desc.inputs, "X"), (op.desc.outputs, "Out"))
        )
        window, steps, padding = (list(attribute(op, name) or []) for name in ("ksize", "strides", "paddings"))
        if len(given) != RANK or len(made) != RANK or min(made) < 1 or not len(window) == len(steps) == 2:
            continue
        before = padding if len(padding) == 2 else padding[::2]
        if len(before) != 2:
            continue
        rows, columns = (
            _inside(made[axis + 2], given[axis + 2], window[axis], steps[axis], before[axis]) for axis in (0, 1)
        )
        counts = np.outer(rows, columns)
        if counts.min() < 1 or (counts == counts.flat[0]).all():
            continue
        factors = np.broadcast_to(window[0] * window[1] / counts, made)
        yield Vector("a pool's window over its values inside", (), factors, np.abs(factors) * GAMMA)


def _inside(results: int, extent: int, window: int, step: int, before: int) -> np.ndarray:
    """Along one axis: how many values of the window of each result lie inside the image."""
    starts = np.arange(results) * step - before
    return np.minimum(starts + window, extent) - np.maximum(starts, 0)


def _extents(program: Any, slots: Any, name: str) -> list[int]:
    described = variable(program.blocks[0], next(iter(arguments(slots, name) or []), ""))
    return list(described.type.lod_tensor.tensor.dims) if described else []
