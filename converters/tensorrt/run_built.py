"""Run an engine of TensorRT on the NVIDIA GPU that it was built on; otherwise as `run.py`.

Nothing of it has ever run: no GPU was at hand, and without one TensorRT's libraries cannot be had here.
"""

from typing import Any

import tensorrt as trt
from edgeworker.protocol import Request, main
from engine_session import run_engine


def job(request: Request) -> dict[str, Any]:
    """`run_job` with TensorRT, and the `device`."""
    return run_engine(trt, request)


if __name__ == "__main__":
    main(job, tools=("tensorrt-cu13",))
