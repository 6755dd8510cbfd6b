"""Several versions of one model timed in turn in one process, so that what disturbs the machine disturbs all alike."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from edgeworker.conditions import Watch
from edgeworker.protocol import Request

Tensors = dict[str, np.ndarray]
SEPARATOR = "/"


def interleaved_job(load: Callable[[Request], Any], request: Request) -> dict[str, Any]:
    """Time the versions that the option `versions` names, each a dictionary of options that it adds to the request's.

    The inputs `<version>/<role>` are a version's own; those without a version are all's. Options: `interleaved`
    (`warmup` rounds, at most `repeats` that count, within about `seconds`; at least three). Returns `times`
    (milliseconds by version, one a round, in the same order) and `differences` (of the outputs of the first batch from
    the first version's, relative to their largest value).
    """
    sessions = {name: load(_request_of(request, name, added)) for name, added in request.options["versions"].items()}
    batch = int(request.options.get("batch", 1))
    tensors = load_file(request.inputs["tensors"])
    first = {name: np.ascontiguousarray(value[:batch]) for name, value in tensors.items()}
    outputs = [session.run(first) for session in sessions.values()]
    calls = {name: (lambda session=session: session.run(first)) for name, session in sessions.items()}
    watch = Watch()
    times = in_turn(calls, **request.options["interleaved"])
    return {
        "times": times,
        "differences": dict(zip(sessions, [difference(outputs[0], one) for one in outputs], strict=True)),
        **watch.conditions(),
    }


def _request_of(request: Request, version: str, added: dict[str, Any]) -> Request:
    own = {
        role.removeprefix(version + SEPARATOR): path
        for role, path in request.inputs.items()
        if SEPARATOR not in role or role.startswith(version + SEPARATOR)
    }
    return Request(own, request.output, {**request.options, **added})


def in_turn(
    calls: dict[str, Callable[[], object]], warmup: int, repeats: int, seconds: float
) -> dict[str, list[float]]:
    """Milliseconds of each call, round by round, in an order that differs from round to round.

    Before each one that counts stands one that does not: it takes the caches from the others, and waits until their
    threads, which spin for a while, have gone to sleep.
    """
    order = np.random.default_rng(0)
    names = list(calls)
    times: dict[str, list[float]] = {name: [] for name in names}
    deadline = None
    done = 0
    while done < repeats + warmup:
        if done == warmup:
            deadline = time.perf_counter() + seconds
        if deadline is not None and done - warmup >= 3 and time.perf_counter() > deadline:
            break
        for number in order.permutation(len(names)):
            name = names[number]
            calls[name]()
            started = time.perf_counter()
            calls[name]()
            if done >= warmup:
                times[name].append((time.perf_counter() - started) * 1000)
        done += 1
    return times


def difference(expected: Tensors, found: Tensors) -> float:
    """The largest difference of any output, relative to the largest value of that output."""
    return max(
        float(np.abs(found[name].astype(np.float64) - value).max() / max(float(np.abs(value).max()), 1e-30))
        for name, value in expected.items()
    )
