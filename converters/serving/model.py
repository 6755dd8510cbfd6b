"""One model at one version: its specification, its runners, and its answers."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from golden_samples import GoldenSamples
from inference import DATATYPES, InferRequest, Tensor, shown
from measures import Measures
from problems import AWAY, FAILED, Problem
from runner import Runner
from runner_link import RunnerLink
from waiting import Queue

PLATFORM = "edgekit"

Follow = Callable[[dict[str, np.ndarray], int, dict[str, np.ndarray]], None]
"""Is shown a request's inputs, of how many samples they are, and the outputs; nobody waits for it."""


@dataclass(frozen=True)
class TensorMetadata:
    """What the protocol says of a tensor; an extent of -1 may be anything."""

    name: str
    datatype: str
    shape: tuple[int, ...]


class Model:
    """A model behind runners. `told` is what the core says of it; see `edgekit.serve.server`.

    `hung` is called with a runner's id where it does not answer: it is to be ended, and another one to be started.
    """

    def __init__(
        self, told: dict[str, Any], manifest: Any, loop: asyncio.AbstractEventLoop, hung: Callable[[str], None]
    ) -> None:
        from edgekit.serve.proof import verdict_here

        self.name, self.version = told["name"], told["version"]
        self.manifest, self.parameters = manifest, told["parameters"]
        self.sigmoid_error = told["sigmoid_error"]
        found = verdict_here(manifest, told["variant"])
        assert found is not None  # the core serves nothing else
        self.verdict = found.verdict
        self.measures = Measures(self.name, self.version)
        layout = told["runners"][0]["link"]["layout"]
        self.capacity = layout["inputs"][0]["shape"][0]
        self.queue = Queue(
            self.capacity,
            shared=told["batching"] and self.capacity > 1,
            most=told["queue"],
            patience=told["patience"],
        )
        golden = GoldenSamples(Path(told["folder"]) / "golden.safetensors", manifest, self.verdict, self.sigmoid_error)
        self.runners = [
            Runner(
                one["id"],
                RunnerLink(one["link"], loop),
                self.queue,
                golden,
                self.measures,
                whole=manifest.batch != "dynamic",
                patience=told["patience"],
                hung=hung,
            )
            for one in told["runners"]
        ]
        self.follow: Follow | None = None
        batch = 1 if self.capacity == 1 else -1
        self.inputs = tuple(metadata(one, batch) for one in layout["inputs"])
        self.outputs = tuple(metadata(one, batch) for one in layout["outputs"])
        self._datatypes = {one.name: one.datatype for one in self.outputs}
        self._known = {one.name: one for one in self.inputs}

    @property
    def ready(self) -> bool:
        """Whether one of its runners is proved."""
        return self.queue.is_open

    @property
    def unready(self) -> str:
        """Why none is."""
        return self.queue.unready

    @property
    def platform(self) -> str:
        """Which runtime it is, in the protocol's form."""
        return f"{PLATFORM}_{self.manifest.target}"

    def check_ready(self) -> None:
        """Raise Problem unless it is proved."""
        if not self.ready:
            raise Problem(f"{self.name} {self.version} is not ready: {self.unready}", AWAY)

    async def infer(self, request: InferRequest) -> list[Tensor]:
        """The outputs that a request asks for. Raises Problem."""
        self.check_ready()
        wanted = chosen(request.outputs, [one.name for one in self.outputs])
        inputs, count = self.checked(request.inputs)
        answer = await self.run(inputs, count)
        return self.tensors(answer, wanted)

    def tensors(self, answer: dict[str, np.ndarray], wanted: Iterable[str]) -> list[Tensor]:
        """Its outputs as the protocol has them."""
        return [Tensor(name, self._datatypes[name], answer[name]) for name in wanted]

    async def run(self, inputs: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
        """The outputs of `count` samples; who follows is shown them. Raises Problem."""
        answer = await self.answer(inputs, count)
        if not all(finite(value) for value in answer.values()):
            raise Problem("the model gives NaN or infinite values for this input", FAILED)
        if self.follow is not None:
            self.follow(inputs, count, answer)
        return answer

    async def answer(self, inputs: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
        """The outputs of `count` samples, whatever they are. Raises Problem.

        While a request was prepared the runner may have become another one, which is not proved yet.
        """
        self.check_ready()
        return await self.queue.run(inputs, count)

    def checked(self, given: dict[str, Tensor]) -> tuple[dict[str, np.ndarray], int]:
        """The arrays of a request's inputs, and how many samples they are. Raises Problem where they do not fit."""
        known = self._known
        if given.keys() != known.keys():
            names = ", ".join(shown(name) for name in sorted(given)) or "none"
            raise Problem(f"{self.name} takes the inputs {', '.join(known)}; given are {names}")
        counts = set()
        for name, spec in known.items():
            tensor = given[name]
            if tensor.datatype != spec.datatype:
                raise Problem(f"the input {name} is {spec.datatype}, not {tensor.datatype}")
            shape = tensor.value.shape
            if len(shape) != len(spec.shape) or shape[1:] != spec.shape[1:] or not 1 <= shape[0] <= self.capacity:
                most = f" of up to {self.capacity} samples" if self.capacity > 1 else ""
                raise Problem(f"the input {name} is {list(spec.shape)}{most}, not {list(shape)[:8]}")
            if not finite(tensor.value):
                raise Problem(f"the input {name} holds NaN or infinite values")
            counts.add(shape[0])
        if len(counts) > 1:
            raise Problem("the inputs are of different numbers of samples")
        return {name: given[name].value for name in known}, counts.pop()


def finite(value: np.ndarray) -> bool:
    """Whether it holds neither NaN nor infinite values."""
    return bool(np.logical_and.reduce(np.isfinite(value), axis=None))


def metadata(placed: dict[str, Any], batch: int) -> TensorMetadata:
    """What the protocol says of a tensor of the layout."""
    return TensorMetadata(placed["name"], DATATYPES[placed["dtype"]], (batch, *placed["shape"][1:]))


def chosen(asked: tuple[str, ...], known: list[str]) -> list[str]:
    """The outputs that are asked for, all where none is. Raises Problem for an unknown one."""
    for name in asked:
        if name not in known:
            raise Problem(f"there is no output {shown(name)}; there are {', '.join(known)}")
    return list(dict.fromkeys(asked)) or known
