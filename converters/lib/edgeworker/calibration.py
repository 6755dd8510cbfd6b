"""Prepared calibration photos, read one after the other: hundreds of them never are in memory together."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors import safe_open

from edgeworker.refusal import Refusal


class Samples:
    """The samples in a safetensors file with one tensor [N, C, H, W], called by the program's `name` of the input."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with safe_open(path, framework="numpy") as file:
            names = list(file.keys())
            if len(names) != 1:
                raise Refusal(f"{path.name} holds {len(names)} tensors, and calibration knows one input", kind="input")
            (self.name,) = names
            self.shape = list(file.get_slice(self.name).get_shape())

    def __len__(self) -> int:
        """How many."""
        return self.shape[0]

    def batches(self, size: int, first: int = 0, last: int | None = None) -> Iterator[np.ndarray]:
        """`size` of them a time, float32 [size, C, H, W], from number `first` on; what fills no batch is left."""
        end = len(self) if last is None else min(last, len(self))
        with safe_open(self._path, framework="numpy") as file:
            samples = file.get_slice(self.name)
            for start in range(first, end - size + 1, size):
                yield np.ascontiguousarray(samples[start : start + size])


def batch_of(options: dict) -> int:
    """How many samples a call takes: 1 where any number will do."""
    batch = options.get("batch", 1)
    return batch if isinstance(batch, int) else 1
