# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "tensorrt-cu13==11.4.0.106",
#     "cuda-bindings==13.5.0",
#     "cuda-pathfinder==1.9.0",
#     "flatbuffers==25.12.19",
#     "ml-dtypes==0.6.0",
#     "mpmath==1.3.0",
#     "numpy==2.4.6",
#     "onnx==1.23.2",
#     "onnxruntime==1.32.0",
#     "packaging==26.3",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
#     "sympy==1.14.0",
#     "tensorrt-cu13-bindings==11.4.0.106",
#     "tensorrt-cu13-libs==11.4.0.106",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.edgekit]
# needs = "nvidia-gpu"
# ///
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
