"""A model's golden samples, which every runner of it must get right before it answers."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file
from waiting import Arrays

if TYPE_CHECKING:
    from model import Model


class GoldenSamples:
    """Those in an artifact's file."""

    def __init__(self, file: Path, model: "Model") -> None:
        self._file, self._model = file, model

    async def wrong(self, run: Callable[[Arrays, int], Awaitable[Arrays]]) -> str | None:
        """Why the outputs that `run` gives are not the right ones; None where they are. Raises what `run` raises."""
        from edgekit.serve.proof import wrong_outputs, wrong_preparation

        model, golden = self._model, load_file(self._file)
        name = model.inputs[0].name
        samples, each = golden[f"input/{name}"], model.capacity if model.whole else 1
        parts = [
            await run({name: samples[start : start + each]}, len(samples[start : start + each]))
            for start in range(0, len(samples), each)
        ]
        outputs = {one.name: np.concatenate([part[one.name] for part in parts]) for one in model.outputs}
        oracle = {one.name: golden[f"oracle/{one.name}"] for one in model.outputs}
        wrong = wrong_outputs(outputs, oracle, model.manifest, model.verdict, model.sigmoid_error)
        return wrong or wrong_preparation(golden, model.manifest)
