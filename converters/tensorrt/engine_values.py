"""Weights as an engine holds them now, where its record says that they stand."""

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
from edgeworker.ledger.stored import Stored
from edgeworker.refusal import Refusal
from engine_record import EngineRecord, WeightPlace

FLOATS = {4: np.float32, 2: np.float16}


def weights_in(engine: Path, record: EngineRecord) -> Iterator[Stored]:
    """Every weight that is known to stand in the engine, with the values that are there now."""
    content = np.memmap(engine, np.uint8, mode="r") if engine.stat().st_size else np.zeros(0, np.uint8)
    for one in record.weights:
        yield Stored(one.name, "engine", values(content, one))


def values(content: np.ndarray, one: WeightPlace) -> np.ndarray:
    """The values of a weight, flat. Raises Refusal (input) where the engine ends before it, or it has none."""
    count = prod(one.shape)
    dtype = FLOATS.get(one.size // count if count > 0 else 0)
    if dtype is None or one.size != count * np.dtype(dtype).itemsize or one.offset + one.size > len(content):
        raise Refusal(f"the weight {one.name} is not in the engine", "Convert the model again", kind="input")
    return np.frombuffer(content[one.offset : one.offset + one.size].data, dtype)


def readable(record: EngineRecord) -> str:
    """How much of the engine can be read."""
    share = sum(one.size for one in record.weights) / max(record.weight_bytes, 1)
    return f"{share:.0%} of the bytes of its weights can be read" if record.weights else "none of them can be read"
