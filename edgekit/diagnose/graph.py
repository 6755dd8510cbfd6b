"""A model as the workers `tensors.py` describe it: layers in the order of computation, tensors by name."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import msgspec


class Layer(msgspec.Struct, frozen=True):
    """One computation; `inputs` without its parameters, whose digests are in `parameters` by name."""

    name: str
    type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, str] = {}
    parameters: dict[str, str] = {}


class Graph(msgspec.Struct, frozen=True, dict=True):
    """Layers in the order of computation. `hidden` tensors exist and cannot be had from the runtime."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[Layer, ...]
    hidden: tuple[str, ...] = ()

    @cached_property
    def maker(self) -> dict[str, int]:
        """Tensor -> the position of the layer that writes it; a model's input has none."""
        return {name: position for position, layer in enumerate(self.layers) for name in layer.outputs}

    @cached_property
    def readers(self) -> dict[str, list[int]]:
        """Tensor -> the positions of the layers that read it."""
        found: dict[str, list[int]] = {}
        for position, layer in enumerate(self.layers):
            for name in layer.inputs:
                found.setdefault(name, []).append(position)
        return found

    def ancestors(self, tensors: Iterable[str]) -> set[int]:
        """The layers that `tensors` are computed from, their own makers among them."""
        found: set[int] = set()
        waiting = [self.maker[name] for name in tensors if name in self.maker]
        while waiting:
            position = waiting.pop()
            if position in found:
                continue
            found.add(position)
            waiting += [self.maker[name] for name in self.layers[position].inputs if name in self.maker]
        return found

    def descendants(self, tensors: Iterable[str]) -> set[int]:
        """The layers that compute with `tensors`, directly or not."""
        found: set[int] = set()
        waiting = [position for name in tensors for position in self.readers.get(name, ())]
        while waiting:
            position = waiting.pop()
            if position in found:
                continue
            found.add(position)
            waiting += [reader for name in self.layers[position].outputs for reader in self.readers.get(name, ())]
        return found

    def observable(self, position: int) -> list[str]:
        """The outputs of a layer that the runtime gives."""
        return [name for name in self.layers[position].outputs if name not in self.hidden]

    @property
    def tensors(self) -> list[str]:
        """Every tensor that can be had: the inputs, then the layers' outputs in order."""
        return [*self.inputs, *(name for position in range(len(self.layers)) for name in self.observable(position))]


def graph_of(details: Mapping[str, Any]) -> Graph:
    """The graph in what a worker `tensors.py` told."""
    return msgspec.convert(details["graph"], Graph)
