"""What values every layer's activations take on given inputs: smallest and largest, and the channels that never change.

A program's own `ranges.py` puts a probe behind each tensor, so that a few numbers leave the runtime and not the tensor.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from edgeworker.calibration import Samples, batch_of
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors, batch_sizes, batches

RANGES_FILE = "ranges.json"
CALLS = 16
"""How many calls are handed over together: what goes between parts of a program is held for each of them."""
NOTHING = 2.0**-23
"""A channel is constant that changes by no more than this share of its layer's largest magnitude: FP32's own step."""
_AXES = {2: 1, 3: 2, 4: 1}


@dataclass(frozen=True)
class Probe:
    """A tensor that is looked at: its name in the program, and the type of the layer that makes it.

    `folded`: every engine computes it inside the layer that reads it, as a convolution before its normalisation, so
    that what it holds is no value of the engine's. `axis` is that of its channels, None where it has none.
    """

    name: str
    type: str
    folded: bool = False
    axis: int | None = None


@dataclass(frozen=True)
class Extremes:
    """A tensor in some calls: `smallest` and `largest` of each channel [calls, C], and its `total` [calls].

    What has no channels counts as one. The total tells whether all values are finite: a smallest one may pass over NaN.
    """

    smallest: np.ndarray
    largest: np.ndarray
    total: np.ndarray


Measure = Callable[[Sequence[Tensors]], list[Extremes]]
"""Runs some calls; returns what each probed tensor took in them."""


@dataclass
class _Seen:
    """What was seen of a tensor: the extremes of its channels [C], of photos alone, and whether all is finite."""

    smallest: Any = np.inf
    largest: Any = -np.inf
    photos: tuple[float, float] = field(default=(np.inf, -np.inf))
    finite: bool = True

    def add(self, found: Extremes, of_photos: np.ndarray) -> None:
        """Take in some calls; `of_photos` are those that hold photos alone, booleans [calls]."""
        self.smallest = np.minimum(self.smallest, found.smallest.min(axis=0))
        self.largest = np.maximum(self.largest, found.largest.max(axis=0))
        self.finite &= all(np.isfinite(one).all() for one in (found.smallest, found.largest, found.total))
        if of_photos.any():
            lowest, highest = self.photos
            self.photos = (
                min(lowest, float(found.smallest[of_photos].min())),
                max(highest, float(found.largest[of_photos].max())),
            )

    def constant(self) -> list[tuple[int, float]]:
        """The channels that never change, with their values."""
        step = NOTHING * max(np.abs(self.smallest).max(), np.abs(self.largest).max())
        return [(int(at), float(self.largest[at])) for at in np.flatnonzero(self.largest - self.smallest <= step)]

    def document(self, probe: Probe, samples: int) -> dict[str, Any]:
        """As `ranges.json` has it."""
        counts = self.finite and probe.axis is not None
        return {
            "name": probe.name,
            "type": probe.type,
            "folded": probe.folded,
            "channels": None if probe.axis is None else len(self.smallest),
            "minimum": float(self.smallest.min()) if self.finite else None,
            "maximum": float(self.largest.max()) if self.finite else None,
            "photos": list(self.photos) if self.finite and np.isfinite(self.photos).all() else None,
            # One sample alone of a pooled tensor has nothing that could change.
            "constant": self.constant() if counts and samples > 1 else [],
        }


def channel_axis(rank: int) -> int | None:
    """The axis of the channels: images are [N, C, H, W], tokens [N, T, C], vectors [N, C]; others have none."""
    return _AXES.get(rank)


def ranges_job(request: Request, probes: Sequence[Probe], measure: Measure) -> dict[str, Any]:
    """Write `ranges.json`: `samples`, how many there were, and `tensors` in the order of computation.

    Of each tensor: `name`, `type`, `folded`, `channels`, `minimum` and `maximum` over all samples, None where a value
    of it is NaN or infinite, `photos`, the same of the calls that hold photos alone, None without any, and `constant`,
    pairs of a channel and its value where it has one and the same at every place of every sample (`NOTHING`). Input
    `tensors`, option `batch`: as `edgeworker.runner.run_job` takes them. With the option `most` that many samples at
    even distances are read, a call at a time, else all; with `photos` that many come first that are photos.
    """
    photos, taken = int(request.options.get("photos", 0)), 0
    calls = calls_of(request)
    seen = [_Seen() for _ in probes]
    while part := list(islice(calls, CALLS)):
        ends = taken + np.cumsum([len(next(iter(call.values()))) for call in part])
        taken = int(ends[-1])
        for one, found in zip(seen, measure(part), strict=True):
            one.add(found, ends <= photos)
    tensors = [one.document(probe, taken) for one, probe in zip(seen, probes, strict=True)]
    document = {"samples": taken, "tensors": tensors}
    (request.output / RANGES_FILE).write_text(json.dumps(document, indent=1), encoding="utf-8")
    return {"samples": taken, "tensors": len(tensors)}


def calls_of(request: Request) -> Iterator[Tensors]:
    """The calls that are made."""
    path, most = request.inputs["tensors"], request.options.get("most")
    if most is None:
        return batches(load_file(path), batch_sizes(request.options))
    samples, batch = Samples(path), batch_of(dict(request.options))
    places = even_places(len(samples), int(most), batch)
    return ({samples.name: call} for call in samples.batches(batch, places))


def even_places(count: int, most: int, batch: int) -> list[int]:
    """The places of `most` of `count` samples at even distances, fewer where batches must be filled: at least one.

    Raises Refusal (input) where all samples do not fill one.
    """
    taken = max(min(count, most) // batch, 1) * batch
    if taken > count:
        raise Refusal(f"{count} samples do not fill a batch of {batch}", kind="input")
    return [at * count // taken for at in range(taken)]


def split(values: np.ndarray, counts: Sequence[int]) -> list[np.ndarray]:
    """Values [calls, all channels] by tensor, each [calls, C]. Raises RuntimeError where they are not as many."""
    if values.shape[1] != sum(counts):
        raise RuntimeError(f"{values.shape[1]} values of channels came, and the tensors have {sum(counts)}")
    return np.split(values, np.cumsum(counts)[:-1], axis=1)
