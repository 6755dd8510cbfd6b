"""Run an engine of TensorRT-RTX on an NVIDIA GPU.

Inputs: `engine`, `record` (unused here), `tensors`. Options: `batch`, `latency`, `precision`, `inputs` and `outputs`
(program's name -> the engine's; absent where they are the same). Latency is from host memory to host memory, as for
every other target.

No GPU was at hand: it has run as far as CUDA's refusal, and on a simulated device.
"""

from typing import Any

import tensorrt_rtx as trt
from edgeworker.protocol import Request, main
from engine_session import run_engine


def job(request: Request) -> dict[str, Any]:
    """`run_job` with TensorRT-RTX, and the `device`."""
    return run_engine(trt, request)


if __name__ == "__main__":
    main(job, tools=("tensorrt-rtx-cu13",))
