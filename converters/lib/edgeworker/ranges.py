"""What values every layer's activations take on given inputs: the smallest and the largest of each tensor.

A program's own `ranges.py` puts a probe behind each tensor, so that three numbers leave the runtime and not the tensor.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from edgeworker.protocol import Request
from edgeworker.runner import Tensors, batch_sizes, batches

RANGES_FILE = "ranges.json"
MINIMUM, MAXIMUM, SUM = "minimum", "maximum", "sum"
CALLS = 16
"""How many calls are handed over together: what goes between parts of a program is held for each of them."""


@dataclass(frozen=True)
class Probe:
    """A tensor that is looked at: its name in the program, and the type of the layer that makes it.

    `folded`: every engine computes it inside the layer that reads it, as a convolution before its normalisation, so
    that what it holds is no value of the engine's.
    """

    name: str
    type: str
    folded: bool = False


Measure = Callable[[Sequence[Tensors]], dict[str, np.ndarray]]
"""Runs some calls; returns `minimum`, `maximum` and `sum` of each probed tensor, [calls, probes] each."""


def ranges_job(request: Request, probes: Sequence[Probe], measure: Measure) -> dict[str, Any]:
    """Write `ranges.json`: `samples`, how many there were, and `tensors` in the order of computation.

    Of each tensor: `name`, `type`, `folded`, `minimum` and `maximum` over all samples, None where a value of it is
    NaN or infinite, which its sum tells. Input `tensors`, option `batch`: as `edgeworker.runner.run_job` takes them.
    """
    tensors = load_file(request.inputs["tensors"])
    smallest, largest = np.full(len(probes), np.inf), np.full(len(probes), -np.inf)
    finite = np.ones(len(probes), bool)
    calls = batches(tensors, batch_sizes(request.options))
    while part := list(islice(calls, CALLS)):
        found = measure(part)
        smallest = np.minimum(smallest, found[MINIMUM].min(axis=0))
        largest = np.maximum(largest, found[MAXIMUM].max(axis=0))
        finite &= np.isfinite(list(found.values())).all(axis=(0, 1))
    ranges = [
        {
            "name": probe.name,
            "type": probe.type,
            "folded": probe.folded,
            "minimum": float(smallest[at]) if finite[at] else None,
            "maximum": float(largest[at]) if finite[at] else None,
        }
        for at, probe in enumerate(probes)
    ]
    samples = len(next(iter(tensors.values())))
    document = {"samples": samples, "tensors": ranges}
    (request.output / RANGES_FILE).write_text(json.dumps(document, indent=1), encoding="utf-8")
    return {"samples": samples, "tensors": len(ranges)}
