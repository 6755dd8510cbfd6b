"""A runner behind a server: one model, loaded once, and calls whose tensors lie in memory that both share.

The option `serve` has the descriptors of two pipes, `requests` and `replies`, and of the `memory`, and its `layout`
(`edgeworker.slots`). One JSON document a line goes each way. The first reply, `{"loaded": true}`, says that the model
is there. A request, `{"call": N, "slot": S, "count": C}`, has the first C samples of a slot run at once; its reply,
`{"call": N, "seconds": ...}`, gives the runtime's time, and the outputs lie in the slot then. `{"end": true}` ends it.
"""

import json
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from edgeworker.protocol import Request
from edgeworker.refusal import Refusal
from edgeworker.slots import Slots


def serve_job(load: Callable[[Request], Any], request: Request) -> dict[str, Any]:
    """Answer calls with the session that `load` makes, until the end is asked for or nobody is there to ask."""
    told = request.options["serve"]
    slots = Slots(told["memory"], told["layout"])
    calls, spent = 0, 0.0
    with os.fdopen(told["requests"], "rb") as requests, os.fdopen(told["replies"], "wb", buffering=0) as replies:
        session = load(request)
        replies.write(b'{"loaded": true}\n')
        for text in requests:
            asked = json.loads(text)
            if asked.get("end"):
                break
            slot, count = asked["slot"], asked["count"]
            began = time.perf_counter()
            answer = session.run(slots.inputs(slot, count))
            seconds = time.perf_counter() - began
            write(answer, slots.outputs(slot, count))
            replies.write(b'{"call": %d, "seconds": %.9f}\n' % (asked["call"], seconds))
            calls, spent = calls + 1, spent + seconds
    return {"calls": calls, "runtime_seconds": spent}


def write(answer: dict[str, np.ndarray], places: dict[str, np.ndarray]) -> None:
    """Write outputs into the memory. Raises Refusal where they are not of the shape that the manifest promises."""
    for name, place in places.items():
        value = np.asarray(answer[name])
        if value.shape != place.shape:
            raise Refusal(f"the output {name} is {list(value.shape)} where the manifest has {list(place.shape)}")
        place[...] = value
