"""Run a Paddle program in Paddle Inference on the CPU with oneDNN; see `artifact_session`."""

from typing import Any

from artifact_session import load
from edgeworker.protocol import Request, main
from edgeworker.runner import run_job


def job(request: Request) -> dict[str, Any]:
    """`run_job` with Paddle Inference with oneDNN."""
    return run_job(lambda request: load(request, onednn=True), request)


if __name__ == "__main__":
    main(job, tools=("paddlepaddle",))
