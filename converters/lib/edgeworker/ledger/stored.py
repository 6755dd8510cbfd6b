"""What a reader of a target's files gives: one tensor that the artifact stores, or numbers in a layer's description."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Stored:
    """`name` as the file calls it, `layer` that reads it, and its `values`: a view of the file where that is possible.

    The shape is the one that the file gives, which may be flat. What is `described` is no tensor of its own but an
    attribute of the layer, [numbers]: it counts where a parameter of the program went into it, as a lone factor may,
    and where nothing explains it.
    """

    name: str
    layer: str
    values: np.ndarray
    described: bool = False


def described(layer: str, attribute: str, numbers: Sequence[float], title: str) -> Stored:
    """The numbers of a layer's attribute, as FP32 has them; `title` is the layer as a reader is to find it."""
    with np.errstate(over="ignore"):
        values = np.array(numbers, np.float64).astype(np.float32)
    return Stored(f"{layer}.{attribute}", title, values, described=True)
