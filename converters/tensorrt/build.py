"""`model.onnx` to an engine of TensorRT for this machine's GPU, built and timed on it.

Inputs: `onnx`. Options: `precision`, `batch`, `max_batch` and `rewrites` as for `convert.py`; `device` (what the
core found; only so that another GPU or driver means another engine).

TensorRT's libraries are not in the public package index: what is there fetches them from NVIDIA's own when it is
installed. Nothing of this worker but its imports of edgekit's own modules has ever run: no GPU was at hand.
"""

from typing import Any

import numpy as np
import tensorrt as trt
from cuda_device import CudaDevice
from edgeworker.benchmark import latency
from edgeworker.protocol import Request, main
from engine_builder import EngineBuilder
from engine_job import make_engine
from engine_session import EngineSession

TOOL = f"TensorRT {trt.__version__}"
TIMING = {"warmup": 10, "repeats": 100, "seconds": 5.0}


def build(request: Request) -> dict[str, Any]:
    """Write `model.engine` and `model.engine.json`; `make_engine`'s details, and `latency` on random input.

    Raises Refusal where there is no GPU, and for what TensorRT cannot build.
    """
    device = CudaDevice()
    described = {
        "kind": "on-gpu",
        "tool": TOOL,
        "gpu": device.name,
        "compute_capabilities": [device.compute_capability],
        "driver": device.driver,
    }
    details = make_engine(request, EngineBuilder(trt, TOOL), described)
    return details | {"latency": timed(request, device, details)}


def timed(request: Request, device: CudaDevice, details: dict[str, Any]) -> dict[str, float | int]:
    """The latency of the new engine in milliseconds, host to host."""
    session = EngineSession(trt, device, request.output / "model.engine", [1], {}, {})
    random = np.random.default_rng(0)
    inputs = {
        port["name"]: random.standard_normal([max(extent, 1) for extent in port["shape"]], dtype=np.float32)
        for port in details["inputs"]
    }
    return latency(lambda: session.run(inputs), **TIMING)


if __name__ == "__main__":
    main(build, tools=("tensorrt-cu13", "onnx"))
