"""A model's golden samples, which every runner of it must get right before it answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from waiting import Arrays


@dataclass(frozen=True)
class GoldenSamples:
    """Those in `file`, and what they are judged by: the manifest, the verdict of this machine, and what its runtime's
    sigmoid may be off by."""

    file: Path
    manifest: Any
    verdict: Any
    sigmoid_error: float

    async def wrong(self, run: Callable[[Arrays, int], Awaitable[Arrays]]) -> str | None:
        """Why the outputs that `run` gives are not the right ones; None where they are. Raises what `run` raises."""
        from edgekit.serve.proof import wrong_outputs, wrong_preparation

        manifest, golden = self.manifest, load_file(self.file)
        name = manifest.inputs[0].name
        samples, each = golden[f"input/{name}"], 1 if manifest.batch == "dynamic" else manifest.batch
        parts = [
            await run({name: samples[start : start + each]}, len(samples[start : start + each]))
            for start in range(0, len(samples), each)
        ]
        names = [one.name for one in manifest.outputs]
        outputs = {one: np.concatenate([part[one] for part in parts]) for one in names}
        oracle = {one: golden[f"oracle/{one}"] for one in names}
        wrong = wrong_outputs(outputs, oracle, manifest, self.verdict, self.sigmoid_error)
        return wrong or wrong_preparation(golden, manifest)
