"""What a reader of a target's files gives: one tensor that the artifact stores."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Stored:
    """`name` as the file calls it, `layer` that reads it, and its `values`: a view of the file where that is possible.

    The shape is the one that the file gives, which may be flat.
    """

    name: str
    layer: str
    values: np.ndarray
