"""What every runner does around its runtime: read the tensors, run them batch by batch, time, write the outputs."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from edgeworker.benchmark import latency
from edgeworker.protocol import Refusal, Request

Tensors = dict[str, np.ndarray]


class Session(Protocol):
    """A loaded model. `run` takes one batch by input name and returns every output by name."""

    def run(self, inputs: Tensors) -> Tensors:
        """The outputs, [batch, ...] each, of the inputs of one batch."""
        ...


def run_job(load: Callable[[Request], Session], request: Request) -> dict[str, Any]:
    """Run every sample through the session that `load` makes; write `outputs.safetensors`.

    `request.inputs["tensors"]`: safetensors, each model input as [samples, ...]. Options: `batch` (samples a
    call; the number of samples must be a multiple), `latency` (None, or `warmup`, `repeats`, `seconds`).
    The outputs are stacked as [samples, ...] under the names that `run` returns.
    """
    tensors = load_file(request.inputs["tensors"])
    batch = int(request.options.get("batch", 1))
    session = load(request)
    outputs = run_batches(session, tensors, batch)
    save_file(outputs, request.output / "outputs.safetensors")
    details: dict[str, Any] = {"samples": len(next(iter(tensors.values()))), "latency": None}
    timing = request.options.get("latency")
    if timing:
        first = {name: np.ascontiguousarray(value[:batch]) for name, value in tensors.items()}
        details["latency"] = latency(lambda: session.run(first), **timing)
    return details


def run_batches(session: Session, tensors: Tensors, batch: int) -> Tensors:
    """Every sample in order, `batch` at a time; returns name -> [samples, ...], contiguous."""
    counts = {len(value) for value in tensors.values()}
    count = counts.pop()
    if counts or count == 0 or count % batch:
        held = " and ".join(str(number) for number in sorted({count, *counts}))
        raise Refusal(f"the inputs hold {held} samples, which batches of {batch} do not divide", kind="input")
    collected: dict[str, list[np.ndarray]] = {}
    for start in range(0, count, batch):
        part = {name: np.ascontiguousarray(value[start : start + batch]) for name, value in tensors.items()}
        for name, value in session.run(part).items():
            collected.setdefault(name, []).append(np.asarray(value))
    return {name: np.ascontiguousarray(np.concatenate(parts)) for name, parts in collected.items()}
