"""One model at one version: its specification, whether it is proved, and its answers."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from calls import Calls
from inference import DATATYPES, InferRequest, Tensor, shown
from measures import Measures
from problems import AWAY, FAILED, Problem
from runner_link import RunnerLink
from safetensors.numpy import load_file

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
    """A model behind a runner. `told` is what the core says of it; see `edgekit.serve.server`.

    `hung` is called where the runner does not answer: it is to be ended, and another one to be started.
    """

    def __init__(
        self, told: dict[str, Any], manifest: Any, loop: asyncio.AbstractEventLoop, hung: Callable[[str], None]
    ) -> None:
        from edgekit.serve.proof import verdict_here

        self.id, self.name, self.version = told["id"], told["name"], told["version"]
        self.manifest, self.parameters = manifest, told["parameters"]
        self.folder, self.sigmoid_error = Path(told["folder"]), told["sigmoid_error"]
        found = verdict_here(manifest, told["variant"])
        assert found is not None  # the core serves nothing else
        self.verdict = found.verdict
        self.measures = Measures(self.name, self.version)
        self.link = RunnerLink(told["link"], loop)
        layout = told["link"]["layout"]
        self.capacity = layout["inputs"][0]["shape"][0]
        self._hung = hung
        self.calls = Calls(
            self.link,
            layout["slots"],
            self.capacity,
            self.measures,
            whole=manifest.batch != "dynamic",
            shared=told["batching"] and self.capacity > 1,
            waiting=told["queue"],
            patience=told["patience"],
            hangs=self._hangs,
        )
        self.ready, self.unready = False, "the model is being loaded"
        self.follow: Follow | None = None
        batch = 1 if self.capacity == 1 else -1
        self.inputs = tuple(metadata(one, batch) for one in layout["inputs"])
        self.outputs = tuple(metadata(one, batch) for one in layout["outputs"])
        self._datatypes = {one.name: one.datatype for one in self.outputs}
        self._known = {one.name: one for one in self.inputs}

    @property
    def platform(self) -> str:
        """Which runtime it is, in the protocol's form."""
        return f"{PLATFORM}_{self.manifest.target}"

    async def prove(self) -> str | None:
        """Run the golden samples by the way that requests take; ready where they come out right, else the reason.

        Raises Problem where the runner ends meanwhile.
        """
        await self.link.loaded.wait()
        golden = load_file(self.folder / "golden.safetensors")
        from edgekit.serve.proof import wrong_outputs, wrong_preparation

        name = self.inputs[0].name
        samples, each = golden[f"input/{name}"], self.capacity if self.manifest.batch != "dynamic" else 1
        parts = [
            await self.calls.run({name: samples[start : start + each]}, len(samples[start : start + each]))
            for start in range(0, len(samples), each)
        ]
        outputs = {one.name: np.concatenate([part[one.name] for part in parts]) for one in self.outputs}
        oracle = {one.name: golden[f"oracle/{one.name}"] for one in self.outputs}
        wrong = wrong_outputs(outputs, oracle, self.manifest, self.verdict, self.sigmoid_error)
        wrong = wrong or wrong_preparation(golden, self.manifest)
        self.ready, self.unready = wrong is None, wrong or ""
        self.measures.ready(self.ready)
        return wrong

    def gone(self, reason: str) -> None:
        """Its runner has ended: it answers again once another one is proved."""
        self.ready, self.unready = False, reason
        self.measures.ready(False)
        self.link.gone()

    def _hangs(self) -> None:
        self.ready, self.unready = False, "its runner does not answer, and is started again"
        self.measures.ready(False)
        self.link.hung()
        self._hung(self.id)

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
        return await self.calls.run(inputs, count)

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
