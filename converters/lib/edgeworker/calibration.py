"""Prepared calibration photos, read one after the other: hundreds of them never are in memory together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from edgeworker.refusal import Refusal

AUTO = "auto"
"""The method that chooses among the others; of what may be done besides, that it is done where it is nearer to FP32."""
HELD_OUT = 5
"""Each so many photos one chooses among methods, and is not among those that ranges are from. At even distances: photos
often lie in the order of their classes."""
ALIKE = 1.05
"""Errors of some dozen photos that differ by less than this factor are alike."""


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

    def batches(self, size: int, places: Sequence[int] | None = None) -> Iterator[np.ndarray]:
        """`size` of them a time, float32 [size, C, H, W], those at `places` or all; what fills no batch is left."""
        chosen = range(len(self)) if places is None else places
        with safe_open(self._path, framework="numpy") as file:
            samples = file.get_slice(self.name)
            for start in range(0, len(chosen) - size + 1, size):
                part = chosen[start : start + size]
                yield np.concatenate([samples[place : place + 1] for place in part])

    def parted(self, batch: int) -> tuple[list[int], list[int]]:
        """The places of the samples that ranges are from, and of those that are held out: at least a batch of either.

        Where they are fewer than two batches, nothing is held out. Raises Refusal where they do not fill one.
        """
        if len(self) < batch:
            raise Refusal(
                f"{len(self)} photos are fewer than the {batch} that the model takes at once",
                f"Give {2 * batch} or more with --calibration, or convert it for a smaller batch",
                kind="input",
            )
        if len(self) < 2 * batch:
            return list(range(len(self))), []
        held = list(range(HELD_OUT - 1, len(self), HELD_OUT))
        held = held if batch <= len(held) <= len(self) - batch else list(range(len(self) - batch, len(self)))
        kept = set(held)
        return [place for place in range(len(self)) if place not in kept], held


@dataclass(frozen=True)
class Trial:
    """Which `methods` are tried, and the places of samples: of those that ranges are from, and of those that choose."""

    methods: tuple[str, ...]
    looked_at: list[int]
    held_out: list[int]


def trial_of(options: Mapping[str, Any], methods: Iterable[str], samples: Samples, batch: int) -> Trial:
    """The trial that the option `method` asks for: of all `methods` (`auto`, the default), or of one.

    All samples are looked at for one method; and for the first, the usual one, where they are too few to hold some out.
    Raises Refusal (input) for what is no method, and where the samples do not fill a batch.
    """
    known, asked = tuple(methods), options.get("method", AUTO)
    if asked not in (AUTO, *known):
        raise Refusal(f"method is {AUTO}, {', '.join(known)}, not {asked}", kind="input")
    looked_at, held_out = samples.parted(batch)
    if asked == AUTO and held_out:
        return Trial(known, looked_at, held_out)
    return Trial(known[:1] if asked == AUTO else (asked,), list(range(len(samples))), [])


def best_of(methods: Sequence[str], errors: Mapping[str, float]) -> str:
    """The first method whose error is within `ALIKE` of the least; where nothing was held out there are no errors.

    Methods stand in the order of how little they cut off: photos of the calibration say nothing of others that go
    further, so that what cuts off more must be nearer to FP32 by more than some photos can tell.
    """
    least = min((error for error in errors.values() if np.isfinite(error)), default=np.inf)
    return next((method for method in methods if errors and errors[method] <= ALIKE * least), methods[0])


def besides(options: Mapping[str, Any], name: str) -> bool | str:
    """What the option `name` says of something that may be done besides a method: true, false, or `AUTO`, the default.

    Raises Refusal (input) for anything else.
    """
    asked = options.get(name, AUTO)
    if asked not in (AUTO, True, False):
        raise Refusal(f"{name} is {AUTO}, true or false, not {asked}", kind="input")
    return asked


def batch_of(options: dict) -> int:
    """How many samples a call takes: 1 where any number will do."""
    batch = options.get("batch", 1)
    return batch if isinstance(batch, int) else 1


def median_error(values: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> float:
    """The median sample's `|values - truth| / |truth|`: some samples have outputs far larger than others'."""
    return float(
        np.median(
            [
                np.linalg.norm(one - right) / max(float(np.linalg.norm(right)), 1e-30)
                for one, right in zip(values, truth, strict=True)
            ]
        )
    )
