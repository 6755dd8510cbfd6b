"""Weights as an engine holds them now, where its record says that they stand."""

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
from edgeworker.ledger.stored import Quantised, Stored
from edgeworker.refusal import Refusal
from engine_record import EngineRecord, WeightPlace

KINDS = {4: np.float32, 2: np.float16, 1: np.int8}
"""What a weight's numbers are, by their bytes."""


def weights_in(engine: Path, record: EngineRecord) -> Iterator[Stored]:
    """Every weight that is known to stand in the engine, with the values that are there now.

    Of those in 8 bits also the scales, which the record has.
    """
    content = np.memmap(engine, np.uint8, mode="r") if engine.stat().st_size else np.zeros(0, np.uint8)
    for one in record.weights:
        found, steps = values(content, one), one.steps
        if (steps is None) != (found.dtype != np.int8):
            why = "is in 8 bits, and has no scales" if steps is None else "has scales, and is not in 8 bits"
            raise Refusal(f"the weight {one.name} {why}", "Convert the model again", kind="input")
        if steps is None:
            yield Stored(one.name, "engine", found)
            continue
        scales = np.array(steps.scales, np.float32)
        yield Stored(steps.name, "engine", scales, chosen=True)
        order = one.order or list(range(len(one.shape)))
        laid_out = found.reshape([one.shape[axis] for axis in order])
        quantised = Quantised(scales, np.zeros(1, np.int8), order.index(steps.axis))
        yield Stored(one.name, "engine", laid_out, quantised=quantised)


def values(content: np.ndarray, one: WeightPlace) -> np.ndarray:
    """The values of a weight, flat. Raises Refusal (input) where the engine ends before it, or it has none."""
    count = prod(one.shape)
    dtype = KINDS.get(one.size // count if count > 0 else 0)
    if dtype is None or one.size != count * np.dtype(dtype).itemsize or one.offset + one.size > len(content):
        raise Refusal(f"the weight {one.name} is not in the engine", "Convert the model again", kind="input")
    return np.frombuffer(content[one.offset : one.offset + one.size].data, dtype)


def readable(record: EngineRecord) -> str:
    """How much of the engine can be read."""
    share = sum(one.size for one in record.weights) / max(record.weight_bytes, 1)
    return f"{share:.0%} of the bytes of its weights can be read" if record.weights else "none of them can be read"
