"""A runner that stays: one model, loaded once, and photos that come in pieces until no more are asked for.

The core holds the other ends of two pipes, whose numbers are in the option `stream`: `requests` and `replies`, one JSON
document a line each. The first reply, `{"seconds": ...}`, says that the model is loaded. A request names a piece,
`{"tensors": FILE.npy, "count": N}`, samples stacked as [samples, ...] of which the first N count; its reply,
`{"seconds": ..., "calls": [...]}`, gives the time that the runtime took, in all and for each call, and the outputs lie
in `outputs.npy`.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgeworker.protocol import Request
from edgeworker.refusal import Refusal

OUTPUTS = "outputs.npy"


def stream_job(load: Callable[[Request], Any], request: Request) -> dict[str, Any]:
    """Run pieces through the session that `load` makes until the requests end.

    Options: `batch`, how many samples a call takes, and `stream`, with the pipes, the name of the `input` and that of
    the `output` that is wanted. Each piece must fill its last call.
    """
    told, batch = request.options["stream"], int(request.options.get("batch", 1))
    samples, spent = 0, 0.0
    with os.fdopen(told["requests"], "rb") as requests, os.fdopen(told["replies"], "wb", buffering=0) as replies:
        began = time.perf_counter()
        session = load(request)
        replies.write(reply(time.perf_counter() - began))
        for line in requests:
            piece = json.loads(line)
            tensors = np.load(piece["tensors"], mmap_mode="r")[: piece["count"]]
            if len(tensors) == 0 or len(tensors) % batch:
                raise Refusal(f"{len(tensors)} samples do not fill calls of {batch}", kind="input")
            outputs = []
            calls: list[float] = []
            for start in range(0, len(tensors), batch):
                fed = {told["input"]: np.array(tensors[start : start + batch])}
                began = time.perf_counter()
                answer = session.run(fed)
                calls.append(time.perf_counter() - began)
                outputs.append(np.asarray(answer[told["output"]]))
            np.save(request.output / OUTPUTS, np.concatenate(outputs))
            samples, spent = samples + len(tensors), spent + sum(calls)
            replies.write(reply(sum(calls), calls))
    # What lies in the output is a stage's; this was for the moment.
    (request.output / OUTPUTS).unlink(missing_ok=True)
    return {"samples": samples, "runtime_seconds": spent}


def reply(seconds: float, calls: Sequence[float] = ()) -> bytes:
    """One line."""
    return json.dumps({"seconds": seconds, "calls": list(calls)}).encode() + b"\n"
