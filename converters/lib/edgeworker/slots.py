"""Memory that a server and a model's runner share: slots, each with room for the inputs and outputs of one call.

The core makes it and says how it is laid out; a photo's tensor is written once, and no pipe carries it.
"""

import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np

Tensors = dict[str, np.ndarray]


class Slots:
    """The memory behind a descriptor.

    `layout`: `slots`, how many; `bytes` of one; `inputs` and `outputs`, each with a `name`, `dtype`, `shape`
    [samples, ...] and the `offset` of its first byte in a slot.
    """

    def __init__(self, descriptor: int, layout: dict[str, Any]) -> None:
        self._memory = mmap.mmap(descriptor, layout["slots"] * layout["bytes"])
        self._inputs = [self._views(slot, layout["bytes"], layout["inputs"]) for slot in range(layout["slots"])]
        self._outputs = [self._views(slot, layout["bytes"], layout["outputs"]) for slot in range(layout["slots"])]

    def _views(self, slot: int, size: int, specs: Sequence[dict[str, Any]]) -> Tensors:
        return {
            spec["name"]: np.frombuffer(
                self._memory,
                spec["dtype"],
                count=int(np.prod(spec["shape"])),
                offset=slot * size + spec["offset"],
            ).reshape(spec["shape"])
            for spec in specs
        }

    def inputs(self, slot: int, count: int) -> Tensors:
        """The inputs of the first `count` samples of a slot, [count, ...] each: the memory itself."""
        return {name: view[:count] for name, view in self._inputs[slot].items()}

    def outputs(self, slot: int, count: int) -> Tensors:
        """The outputs of the first `count` samples of a slot, [count, ...] each: the memory itself."""
        return {name: view[:count] for name, view in self._outputs[slot].items()}
