"""What every runner does around its runtime: read the tensors, run them batch by batch, time, write the outputs."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from edgeworker.benchmark import latency
from edgeworker.interleaved import interleaved_job
from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
from edgeworker.serving import serve_job
from edgeworker.stream import stream_job

Tensors = dict[str, np.ndarray]


class Session(Protocol):
    """A loaded model. `run` takes one batch by input name and returns every output by name."""

    def run(self, inputs: Tensors) -> Tensors:
        """The outputs, [batch, ...] each, of the inputs of one batch."""
        ...


def run_job(load: Callable[[Request], Session], request: Request) -> dict[str, Any]:
    """Run every sample through the session that `load` makes; write `outputs.safetensors`.

    `request.inputs["tensors"]`: safetensors, each model input as [samples, ...]. Options: `batch` (see
    `batch_sizes`), `latency` (None, or the arguments of `benchmark.latency`; of the first batch), `cores` (the
    processors to run on).
    The outputs are stacked as [samples, ...] under the names that `run` returns. With the option `versions` several
    versions of the model are timed in turn instead (`edgeworker.interleaved`), with `stream` samples come in pieces
    (`edgeworker.stream`), and with `serve` in calls of a server's (`edgeworker.serving`).
    """
    if request.options.get("versions"):
        return interleaved_job(load, request)
    if cores := request.options.get("cores"):
        # Before the runtime starts its threads, which inherit it.
        os.sched_setaffinity(0, cores)
    if request.options.get("stream"):
        return stream_job(load, request)
    if request.options.get("serve"):
        return serve_job(load, request)
    tensors = load_file(request.inputs["tensors"])
    sizes = batch_sizes(request.options)
    session = load(request)
    outputs = run_batches(session, tensors, sizes)
    save_file(outputs, request.output / "outputs.safetensors")
    details: dict[str, Any] = {"samples": len(next(iter(tensors.values()))), "latency": None}
    timing = request.options.get("latency")
    if timing:
        first = {name: np.ascontiguousarray(value[: sizes[0]]) for name, value in tensors.items()}
        details["latency"] = latency(lambda: session.run(first), **timing)
    return details


def batch_sizes(options: Mapping[str, Any]) -> list[int]:
    """The option `batch`: how many samples a call takes; one number, or several for a model that takes any number.

    Several are used in turn, as by an app whose calls differ.
    """
    given = options.get("batch", 1)
    sizes = [int(size) for size in given] if isinstance(given, list) else [int(given)]
    if not sizes or min(sizes) < 1:
        raise Refusal(f"batches of {given} samples are impossible", "Give numbers from 1 up", kind="input")
    return sizes


def precision_of(options: Mapping[str, Any], known: Sequence[str]) -> str:
    """The option `precision` of the model that is run, "fp32" where it is absent; raises Refusal (input) for another
    than those `known`."""
    precision = options.get("precision", "fp32")
    if precision not in known:
        raise Refusal(f"this runner takes models in {', '.join(known)}, not {precision}", kind="input")
    return precision


def names_of(options: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The options `inputs` and `outputs`: the program's names -> the model's; empty where they are the same."""
    return options.get("inputs") or {}, options.get("outputs") or {}


def settings_of(options: Mapping[str, Any], known: Mapping[str, type]) -> dict[str, Any]:
    """The option `settings`: those of the runtime, by the names in `known` with their types; none where it is absent.

    `threads` is known to all, and at most the option `threads`: no run takes more of the machine than it was given.
    Raises Refusal (input) for others.
    """
    given, limit = dict(options.get("settings") or {}), int(options.get("threads", 2))
    for name, value in given.items():
        expected = {**known, "threads": int}.get(name)
        if expected is None or type(value) is not expected:
            raise Refusal(f"this runtime has no setting {name} = {value!r}", kind="input")
    return {**given, "threads": max(1, min(limit, given.get("threads", limit)))}


def batches(tensors: Tensors, sizes: Sequence[int]) -> Iterator[Tensors]:
    """Every sample in order, as many a call as `sizes` say in turn.

    Raises Refusal (input) where the samples do not fill the last call.
    """
    counts = {len(value) for value in tensors.values()}
    count = counts.pop()
    start = 0
    for size in cycle(sizes):
        if counts or count == 0 or start + size > count:
            held = " and ".join(str(number) for number in sorted({count, *counts}))
            divided = " and ".join(str(each) for each in sizes)
            raise Refusal(f"the inputs hold {held} samples, which batches of {divided} do not divide", kind="input")
        yield {name: np.ascontiguousarray(value[start : start + size]) for name, value in tensors.items()}
        start += size
        if start == count:
            break


def run_batches(session: Session, tensors: Tensors, sizes: Sequence[int]) -> Tensors:
    """Every sample, in `batches`; returns name -> [samples, ...], contiguous."""
    collected: dict[str, list[np.ndarray]] = {}
    for part in batches(tensors, sizes):
        for name, value in session.run(part).items():
            collected.setdefault(name, []).append(np.asarray(value))
    return {name: np.ascontiguousarray(np.concatenate(parts)) for name, parts in collected.items()}


def port_names(kind: str, chosen: Mapping[str, str], present: Sequence[str]) -> dict[str, str]:
    """The program's names of a model's `kind` ("inputs", "outputs") -> the model's own, which are `present`.

    `chosen` maps them; where it is empty they are the same. Raises Refusal (input) where it maps to others.
    """
    names = dict(chosen) or {name: name for name in present}
    if sorted(names.values()) != sorted(present):
        raise Refusal(f"the model's {kind} are {list(present)}, not {sorted(names.values())}", kind="input")
    return names


def check_fed(inputs: Tensors, names: Mapping[str, str]) -> None:
    """Raise Refusal (input) unless a batch has exactly the inputs that `names` maps."""
    if sorted(inputs) != sorted(names):
        raise Refusal(f"the model's inputs are {sorted(names)}, given {sorted(inputs)}", kind="input")


def check_batch(file: str, first_extents: Mapping[str, int | None], shapes: object, sizes: Sequence[int]) -> None:
    """Raise Refusal (input) where an input's first extent is fixed (not None) and calls of `sizes` are others.

    `file` and `shapes` are for the message.
    """
    if any(extent is not None and list(sizes) != [extent] for extent in first_extents.values()):
        raise Refusal(
            f"{file} was converted for {shapes}, which a batch of {sizes[-1]} does not fit",
            "Use the batch it was converted for, or convert it again",
            kind="input",
        )
