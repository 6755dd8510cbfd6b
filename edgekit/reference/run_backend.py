"""Runs a model in one GPU backend through its workers, in the environment they ask for or in the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgekit.errors import ConversionError
from edgekit.reference.backends import Backend
from edgekit.reference.description import ArithmeticPart, DevicePart
from edgekit.reference.exactness import Arrays
from edgekit.toolchain.worker import Limits, Toolchain, WorkerResult

OUTPUTS = "outputs.safetensors"


@dataclass(frozen=True)
class BackendRun:
    """What a backend computed, float32 by output name, and the tools and libraries with their versions."""

    outputs: Arrays
    tools: dict[str, str] = field(default_factory=dict)


def run_backend(
    backend: Backend,
    model: Mapping[str, Path],
    tensors: Path,
    arithmetic: ArithmeticPart,
    batch: int | list[int],
    toolchain: Toolchain,
    scratch: Path,
    *,
    python: Path | None,
    device: DevicePart,
    limits: Limits,
) -> BackendRun:
    """Run `model` (role -> file or folder) on `tensors`, `batch` samples a call; files go below `scratch`.

    Raises what `Toolchain.run` raises, and ConversionError for outputs that are not finite.
    """
    import numpy as np
    from safetensors.numpy import load_file

    options: dict[str, Any] = {
        "precision": arithmetic.compute,
        "tf32": arithmetic.tf32,
        "batch": batch,
        "latency": None,
        "rewrites": [],
    }
    inputs = dict(model)
    tools: dict[str, str] = {}
    if backend.builder is not None:
        details: dict[str, Any] = {"gpu": [sm_name(device)], "device": {"name": device.name, "driver": device.driver}}
        made = started(backend.builder, inputs, {**options, **details}, toolchain, scratch, python, limits)
        # Its own word first: in an environment of the user's its distribution may have another name.
        if words := str(made.details.get("build", {}).get("tool", "")).split():
            tools[backend.tool] = words[-1]
        tools |= made.tools
        built = scratch / Path(backend.builder).stem / "output"
        inputs = {"engine": built / "model.engine", "record": built / "model.engine.json"}
    ran = started(backend.worker, {**inputs, "tensors": tensors}, options, toolchain, scratch, python, limits)
    tools |= {**ran.tools, **ran.details.get("libraries", {})}
    outputs = load_file(scratch / Path(backend.worker).stem / "output" / OUTPUTS)
    if strange := sorted(name for name, value in outputs.items() if not np.isfinite(value).all()):
        raise ConversionError(f"{backend.name} computed NaN or infinity in {', '.join(strange)}", "Look at its log.")
    return BackendRun({name: value.astype(np.float32) for name, value in outputs.items()}, tools)


def started(
    worker: str,
    inputs: Mapping[str, Path],
    options: Mapping[str, Any],
    toolchain: Toolchain,
    scratch: Path,
    python: Path | None,
    limits: Limits,
) -> WorkerResult:
    """One worker, in a folder of its own below `scratch`."""
    folder = scratch / Path(worker).stem
    output = folder / "output"
    output.mkdir(parents=True)
    return toolchain.run(worker, inputs, output, options, scratch=folder, limits=limits, python=python)


def sm_name(device: DevicePart) -> str:
    """The compute capability as TensorRT's builders name it, such as `sm86`."""
    return f"sm{(device.compute_capability or '').replace('.', '')}"
