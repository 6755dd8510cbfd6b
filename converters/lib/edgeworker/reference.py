"""What the reference workers of both Paddles do around their runtime: FP32 first, timed, then float64."""

import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from edgeworker.benchmark import latency
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
from edgeworker.runner import Session, Tensors, batch_sizes, run_batches
from edgeworker.stream import stream_job

Load = Callable[[Path, int], Session]
"""Loads the program in a folder for a number of threads."""


class Port(Protocol):
    """An input of a program; an extent of -1 may be anything."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def dtype(self) -> str: ...  # noqa: D102


def reference_job(request: Request, inputs: Sequence[Port], load_fp32: Load, load_float64: Load) -> dict[str, Any]:
    """Write `reference.safetensors` (float32) and, unless the option `oracle` is false, `oracle.safetensors`.

    Inputs: `program`, a folder; `tensors`, safetensors, each of the program's `inputs` as [samples, ...].
    Options: `batch` (see `batch_sizes`), `threads`, `latency` (None, or `warmup`, `repeats`,
    `seconds`; of the FP32 reference), `oracle`. Outputs are [samples, ...] under the program's own names. With the
    option `stream` the FP32 reference alone runs, on samples that come in pieces (`edgeworker.stream`).
    """
    folder, options = request.inputs["program"], request.options
    sizes, threads = batch_sizes(options), int(options.get("threads", 2))
    if options.get("stream"):
        return stream_job(lambda _: load_fp32(folder, threads), request)
    tensors = load_file(request.inputs["tensors"])
    check_inputs(inputs, tensors, sizes)

    timing = options.get("latency")
    details = {
        "samples": len(next(iter(tensors.values()))),
        "latency": run_timed(load_fp32(folder, threads), tensors, sizes, timing, request.output),
    }
    # The float64 program takes twice the memory; with the FP32 one still there it would take three times.
    gc.collect()
    if options.get("oracle", True):
        save_file(run_batches(load_float64(folder, threads), tensors, sizes), request.output / "oracle.safetensors")
    return details


def run_timed(
    session: Session, tensors: Tensors, sizes: Sequence[int], timing: dict[str, Any] | None, output: Path
) -> dict[str, float | int] | None:
    """Write the outputs of all samples; returns the latency of the first batch, None without `timing`."""
    save_file(run_batches(session, tensors, sizes), output / "reference.safetensors")
    if not timing:
        return None
    first = {name: np.ascontiguousarray(value[: sizes[0]]) for name, value in tensors.items()}
    return latency(lambda: session.run(first), **timing)


def check_inputs(inputs: Sequence[Port], tensors: Tensors, sizes: Sequence[int]) -> None:
    """Raise Refusal (input) unless the tensors, cut into batches of `sizes`, are what the program takes."""
    wanted, given = sorted(port.name for port in inputs), sorted(tensors)
    if wanted != given:
        raise Refusal(
            f"the program's inputs are {', '.join(wanted)}; the tensors given are {', '.join(given)}", kind="input"
        )
    for port in inputs:
        tensor = tensors[port.name]
        shapes = [(size, *tensor.shape[1:]) for size in sizes]
        if tensor.dtype != port.dtype or not all(fits(port.shape, shape) for shape in shapes):
            raise Refusal(
                f"the program's input {port.name} is {port.dtype} {list(port.shape)}; "
                f"a batch of the tensor given is {tensor.dtype} {list(shapes[0])}",
                kind="input",
            )


def fits(declared: Sequence[int], shape: Sequence[int]) -> bool:
    """Whether a shape is what is declared, where -1 may be anything."""
    return len(declared) == len(shape) and all(
        extent in (-1, given) for extent, given in zip(declared, shape, strict=True)
    )
