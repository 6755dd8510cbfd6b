"""The stages that run something on inputs: reference and oracle of a program, its layers' ranges, an artifact."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edgekit.devices.remote_machine import AnyMachine, RemoteMachine
from edgekit.pipeline.limits import EMULATED_LIMITS, RUN_LIMITS, RUN_THREADS
from edgekit.pipeline.program import EXPORTER
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.target import Target, Variant

REFERENCE_WORKER = "paddle/run.py"
# Paddle 3 programs have a reference of their own.
REFERENCE_WORKERS = {"paddle3/adopt.py": "paddle3/run.py"}
# What looks at the values of a program's layers.
RANGES_WORKER = "paddle/ranges.py"
RANGES_WORKERS = {"paddle3/adopt.py": "paddle3/ranges.py"}
CALIBRATION_PHOTOS = 32
"""Of those of a calibration, for the ranges of the layers: as many as golden inputs take time to run, three times."""
# A timed run is short; the bound on seconds keeps one slow model from holding up the others.
LATENCY = {"warmup": 3, "repeats": 30, "seconds": 3.0}


def reference_stage(
    program: StageFile | SourceFile,
    name: str,
    golden: GoldenFile,
    batch: int | list[int],
    *,
    made_by: str = EXPORTER,
    memory_bytes: int = 0,
    timed: bool = True,
) -> Stage:
    """The FP32 reference and the float64 oracle of a program on the golden inputs, `batch` samples at a time.

    `made_by` is the worker that made the program.
    """
    return Stage(
        worker=REFERENCE_WORKERS.get(made_by, REFERENCE_WORKER),
        about=f"reference of {name}",
        inputs={"program": program, "tensors": golden.source},
        options={"batch": batch, **timing_options(timed)},
        cores=RUN_THREADS if timed else 1,
        alone=timed,
        memory_bytes=memory_bytes,
        limits=RUN_LIMITS,
    )


def ranges_stage(
    program: StageFile | SourceFile,
    name: str,
    golden: GoldenFile,
    batch: int | list[int],
    *,
    made_by: str = EXPORTER,
    memory_bytes: int = 0,
) -> Stage:
    """What values the layers of a program take on some inputs, `batch` samples at a time; `ranges.json`.

    `made_by` is the worker that made the program.
    """
    options = {"batch": batch, "photos": golden.kinds.count("photo")}
    return _ranges(program, f"ranges of the layers of {name}", golden.source, options, made_by, memory_bytes)


def calibrated_ranges_stage(
    program: StageFile | SourceFile,
    name: str,
    calibration: SourceFile,
    batch: int | list[int],
    *,
    made_by: str = EXPORTER,
    memory_bytes: int = 0,
) -> Stage:
    """What values the layers of a program take on `CALIBRATION_PHOTOS` prepared photos of a calibration, at even
    distances; `ranges.json`. One at a time where the program takes any number.
    """
    about = f"ranges of the layers of {name} on calibration photos"
    options = {"batch": batch if isinstance(batch, int) else 1, "most": CALIBRATION_PHOTOS}
    return _ranges(program, about, calibration, options, made_by, memory_bytes)


def _ranges(
    program: StageFile | SourceFile,
    about: str,
    tensors: SourceFile,
    options: Mapping[str, Any],
    made_by: str,
    memory_bytes: int,
) -> Stage:
    return Stage(
        worker=RANGES_WORKERS.get(made_by, RANGES_WORKER),
        about=about,
        inputs={"program": program, "tensors": tensors},
        options={**options, "threads": 1},
        memory_bytes=memory_bytes,
        limits=RUN_LIMITS,
    )


def run_stage(
    target: Target,
    variant: Variant,
    name: str,
    files: Mapping[str, SourceFile],
    golden: GoldenFile,
    options: Mapping[str, Any],
    *,
    memory_bytes: int = 0,
    timed: bool = True,
    machine: AnyMachine | None = None,
    beside: Mapping[str, SourceFile | StageFile] | None = None,
) -> Stage:
    """One variant of an artifact on the golden inputs, or its inspection where it cannot run here.

    `files` are the artifact's, by the name the converter gave them; `options` are the artifact's own (batch,
    precision, the names of inputs and outputs). On an emulated `machine` nothing is timed. `beside` are inputs that a
    `hosted` variant needs besides.

    A run on a device that is reached is never taken from the cache: what it computes and takes depends on what no key
    can name (its system, the core it got, its heat, who answers to a host's name today), and that this device computes
    it now is what is asked. Whoever runs such a stage removes it (`StageStore.forget`).
    """
    inputs: dict[str, SourceFile | StageFile] = {role: files[file] for role, file in variant.inputs.items()}
    about = f"{target.description.title} {variant.name} run of {name}".replace("  ", " ")
    if variant.not_run:
        about = about.replace(" run ", " inspection ")
        return Stage(worker=target.worker(variant.worker), about=about, inputs=inputs, memory_bytes=memory_bytes)
    inputs |= {"tensors": golden.source, **((beside or {}) if variant.hosted else {})}
    if isinstance(machine, RemoteMachine):
        return Stage(
            worker=target.worker(variant.worker),
            about=f"{about} on {machine.name}",
            inputs=inputs,
            options={**options, **timing_options(timed), "files": variant.inputs, "asked": time.time_ns()},
            cores=0,
            machine=machine,
            hosted=True,
        )
    timed = timed and machine is None
    return Stage(
        worker=target.worker(variant.worker),
        about=about if machine is None else f"{about} on {machine.name}",
        inputs=inputs,
        options={**options, **timing_options(timed)},
        cores=RUN_THREADS if timed else 1,
        alone=timed,
        memory_bytes=memory_bytes,
        limits=replace(RUN_LIMITS, gpu=variant.needs is not None) if machine is None else EMULATED_LIMITS,
        machine=machine,
        hosted=variant.hosted,
    )


def timing_options(timed: bool) -> dict[str, Any]:
    """The options of a run that is timed, with the machine to itself, or of one that only computes on one core."""
    return {"threads": RUN_THREADS, "latency": LATENCY} if timed else {"threads": 1, "latency": None}
