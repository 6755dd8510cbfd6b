"""What a `tensors.py` shares with its kind: the graph of a model as plain data, and the tensors inside it, on request.

Every target's `tensors.py` keeps one contract, so that the core can compare any two of them.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors

ALL = "all"


@dataclass(frozen=True)
class Layer:
    """One computation: what it reads and writes besides its parameters, by the names of this graph's tensors.

    `attributes` are texts for people; `parameters` maps each stored tensor to a digest of its type, shape and bits.
    """

    name: str
    type: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Layers in the order of computation, without those that compute constants; `hidden` tensors cannot be had."""

    inputs: list[str]
    outputs: list[str]
    layers: list[Layer]
    hidden: list[str] = field(default_factory=list)


class Observable(Protocol):
    """A model whose inner tensors can be had."""

    def graph(self) -> Graph:
        """What it computes."""
        ...

    def observe(self, inputs: Tensors, names: list[str]) -> Tensors:
        """Run one batch; the tensors called `names`, or those of them that the runtime gives."""
        ...


def observe_job(load: Callable[[Request], Observable], request: Request) -> dict[str, Any]:
    """List the graph, or run once and write `tensors.safetensors`.

    Input `tensors`: each model input, one batch. Option `names`: None lists the graph alone, into the details;
    a list of tensors, or "all", runs. What was asked for and not given is in the details as `absent`.
    """
    model = load(request)
    wanted = request.options.get("names")
    if wanted is None:
        return {"graph": asdict(model.graph())}
    graph = model.graph()
    known = dict.fromkeys(
        [*graph.inputs, *(name for layer in graph.layers for name in layer.outputs if name not in graph.hidden)]
    )
    names = list(known) if wanted == ALL else list(dict.fromkeys(wanted))
    if unknown := [name for name in names if name not in known]:
        raise Refusal(f"the model has no tensor {unknown[0]!r} that could be had", kind="input")
    found = model.observe(load_file(request.inputs["tensors"]), names)
    # Scalars as one value each: safetensors and comparisons want an extent.
    save_file(
        {name: np.ascontiguousarray(np.atleast_1d(value)) for name, value in found.items()},
        request.output / "tensors.safetensors",
    )
    return {"absent": [name for name in names if name not in found]}


def digest(value: np.ndarray) -> str:
    """Type, shape and a hash of the bits, such as `float32[64,3,3,3] 1a2b...`."""
    bits = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()[:16]
    return f"{value.dtype}{list(value.shape)} {bits}".replace(", ", ",")


def computed_from(inputs: Iterable[str], layers: Iterable[tuple[list[str], list[str]]]) -> list[bool]:
    """For each (inputs, outputs) in order of computation: whether it depends on `inputs`, or is a constant."""
    reached, found = set(inputs), []
    for reads, writes in layers:
        depends = not reached.isdisjoint(reads)
        if depends:
            reached.update(writes)
        found.append(depends)
    return found
