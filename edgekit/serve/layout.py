"""How the memory that a server shares with a model's runner is laid out: slots of one call each."""

from math import prod
from typing import Any

import numpy as np

from edgekit.artifact.manifest import Manifest, TensorSpec
from edgekit.errors import UsageError

SLOTS = 3
"""One call runs, the next one waits for it, and one is filled."""
_ALIGNED = 64
LARGEST_BYTES = 2 << 30


def capacity_of(manifest: Manifest, max_batch: int) -> int:
    """How many samples one call takes: the artifact's batch, or `max_batch` where that is open."""
    return max_batch if manifest.batch == "dynamic" else manifest.batch


def layout_of(manifest: Manifest, max_batch: int, name: str) -> dict[str, Any]:
    """What `edgeworker.slots` reads. Raises UsageError where a shape is open, or memory would be gigabytes."""
    capacity, place = capacity_of(manifest, max_batch), 0
    placed: dict[str, list[dict[str, Any]]] = {"inputs": [], "outputs": []}
    for kind, specs in (("inputs", manifest.inputs), ("outputs", manifest.outputs)):
        for spec in specs:
            shape = (capacity, *sample_shape(manifest, spec, name))
            placed[kind].append({"name": spec.name, "dtype": spec.dtype, "shape": shape, "offset": place})
            size = prod(shape) * np.dtype(spec.dtype).itemsize
            place += -(-size // _ALIGNED) * _ALIGNED
    if SLOTS * place > LARGEST_BYTES:
        remedy = "Give a smaller --max-batch." if manifest.batch == "dynamic" else "Convert it with a smaller --batch."
        raise UsageError(
            f"{name} takes {SLOTS * place >> 20} MiB for {SLOTS} calls of {capacity} samples, and at most "
            f"{LARGEST_BYTES >> 20} are shared",
            remedy,
        )
    return {"slots": SLOTS, "bytes": place, **placed}


def sample_shape(manifest: Manifest, spec: TensorSpec, name: str) -> tuple[int, ...]:
    """The shape of one sample of a tensor, without the batch. Raises UsageError where an extent is open."""
    shape = spec.program_shape[1:]
    if -1 in shape and spec.kind == "image":
        size, channels = tuple(manifest.preprocessing.input_size), manifest.preprocessing.channels
        shape = (*size, channels) if manifest.embedded_preprocessing else (channels, *size)
    if -1 in shape:
        raise UsageError(f"{name} has a tensor {spec.name} of any size, which cannot be served", "Fix it at export.")
    return shape
