"""A second model that gets a share of the requests, too: nobody waits for it, and where it disagrees is kept."""

import asyncio
import json
import random
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from model import Model
from problems import Problem
from safetensors.numpy import save_file

MOST_AT_ONCE = 16
"""Requests that the second model may be behind by; what comes then is not shown to it."""


class Shadow:
    """`share` of the requests of `model` go to `second`; `kept` is told of each file with one on which they differ."""

    def __init__(
        self, model: Model, second: Model, share: float, folder: Path, most: int, kept: Callable[[str], None]
    ) -> None:
        self._model, self._second, self._share = model, second, share
        self._folder, self._room, self._kept = folder, most, kept
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, inputs: dict[str, np.ndarray], count: int, answer: dict[str, np.ndarray]) -> None:
        """Show a request to the second model, perhaps."""
        if random.random() >= self._share:
            return
        if len(self._tasks) >= MOST_AT_ONCE or not self._second.ready:
            self._model.measures.shadowed("dropped")
            return
        # Copied: what a protocol read lives as long as its request.
        copied = {name: value.copy() for name, value in inputs.items()}
        task = asyncio.create_task(self._compare(copied, count, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until nothing is compared any more."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _compare(self, inputs: dict[str, np.ndarray], count: int, answer: dict[str, np.ndarray]) -> None:
        try:
            parts = [
                await self._second.answer(
                    {name: value[start : start + self._second.capacity] for name, value in inputs.items()},
                    min(self._second.capacity, count - start),
                )
                for start in range(0, count, self._second.capacity)
            ]
        except Problem:
            self._model.measures.shadowed("failed")
            return
        other = {name: np.concatenate([part[name] for part in parts]) for name in answer}
        found = self._differences(answer, other)
        self._model.measures.shadowed("disagreed" if found else "agreed")
        if found and self._room > 0:
            self._room -= 1
            self._keep(inputs, answer, other, found)

    def _differences(self, answer: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> dict[str, Any]:
        """Outputs that are further apart than both may be from the oracle together: the error and the limit of each."""
        from edgekit.serve.proof import Judged, apart

        judged = [Judged(one.manifest, one.verdict, one.sigmoid_error) for one in (self._model, self._second)]
        found = {}
        for name, value in answer.items():
            error, limit = apart(value, other[name], name, *judged)
            if not error <= limit:
                first, second = (one.reshape(len(one), -1).argmax(axis=1) for one in (value, other[name]))
                found[name] = {"error": error, "limit": limit, "other_top1": int((first != second).sum())}
        return found

    def _keep(
        self,
        inputs: dict[str, np.ndarray],
        answer: dict[str, np.ndarray],
        other: dict[str, np.ndarray],
        found: dict[str, Any],
    ) -> None:
        tensors = {f"input/{name}": value for name, value in inputs.items()}
        tensors |= {f"output/{name}": value for name, value in answer.items()}
        tensors |= {f"shadow/{name}": value for name, value in other.items()}
        about = {
            "model": f"{self._model.name} {self._model.version}",
            "shadow": f"{self._second.name} {self._second.version}",
            "outputs": found,
        }
        file = f"{secrets.token_hex(8)}.safetensors"
        contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
        save_file(contiguous, self._folder / file, {"edgekit": json.dumps(about)})
        self._kept(file)
