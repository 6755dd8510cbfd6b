# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "tensorrt-rtx-cu13==1.7.1.116",
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
#     "tensorrt-rtx-cu13-bindings==1.7.1.116",
#     "tensorrt-rtx-cu13-libs==1.7.1.116",
#     "typing-extensions==4.16.0",
# ]
# ///
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
