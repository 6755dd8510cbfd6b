"""Run a Paddle program in Paddle Inference on the CPU with its own kernels, without oneDNN; see `artifact_session`."""

from typing import Any

from artifact_session import load
from edgeworker.protocol import Request, main
from edgeworker.runner import run_job


def job(request: Request) -> dict[str, Any]:
    """`run_job` with Paddle Inference without oneDNN."""
    return run_job(lambda request: load(request, onednn=False), request)


if __name__ == "__main__":
    main(job, tools=("paddlepaddle",))
