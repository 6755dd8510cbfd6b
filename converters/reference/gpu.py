"""What every recorder on a GPU does around its runtime."""

import os
from collections.abc import Callable
from typing import Any

from edgeworker.protocol import Request
from edgeworker.runner import Session, run_job

# Read by cuBLAS, cuDNN and all of NVIDIA's libraries when they start: 0 forbids TF32 whatever else asks for it
# (NVIDIA, "TensorFloat-32 in the A100", and cuBLAS's documentation of CUBLAS_TF32_TENSOR_OP_MATH).
TF32_OVERRIDE = "NVIDIA_TF32_OVERRIDE"


def record(
    load: Callable[[Request], Session], request: Request, libraries: Callable[[], dict[str, str]]
) -> dict[str, Any]:
    """`run_job` on a GPU: its details, and the versions of `libraries`.

    Option `tf32` (false): whether TF32 may stand in for FP32.
    """
    if request.options.get("tf32", False):
        os.environ.pop(TF32_OVERRIDE, None)
    else:
        os.environ[TF32_OVERRIDE] = "0"
    return {**run_job(load, request), "libraries": libraries()}
