"""How far apart two programs' outputs are, and whether that is rounding."""

import numpy as np
from edgeworker.refusal import Refusal

# Of an output's largest value; a wrong operator is off by far more, and another order of sums by less.
ROUNDING = 1e-5


def difference(before: np.ndarray, after: np.ndarray, name: str) -> float:
    """The largest one, relative to the largest value. Raises Refusal where it is no rounding."""
    if before.shape != after.shape:
        raise Refusal(f"as a Paddle 2 program its output {name} is {list(after.shape)}, not {list(before.shape)}")
    if np.array_equal(before, after, equal_nan=True):
        return 0.0
    largest = float(np.abs(before).max()) or 1.0
    found = float(np.abs(before.astype(np.float64) - after).max()) / largest
    # Also where it is no number.
    if not found <= ROUNDING:
        raise Refusal(f"as a Paddle 2 program it computes something else: its output {name} is off by {found:.1e}")
    return found
