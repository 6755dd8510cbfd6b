# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "paddlepaddle-gpu==2.6.2",
#     "numpy==1.26.4",
#     "safetensors==0.8.0",
#     "anyio==4.16.0",
#     "astor==0.8.1",
#     "certifi==2026.10.18",
#     "decorator==5.3.1",
#     "exceptiongroup==1.3.1 ; python_version < '3.11'",
#     "h11==0.16.0",
#     "httpcore==1.0.9",
#     "httpx==0.28.1",
#     "idna==3.20",
#     "opt-einsum==3.3.0",
#     "pillow==12.3.0",
#     "protobuf==7.36.2",
#     "setuptools==84.2.1",
#     "typing-extensions==4.16.0",
# ]
# ///
"""Run a Paddle program with Paddle Inference on a GPU, in FP32 with TF32 off, or as asked.

Inputs: `program`, `tensors`. Options: `batch`, `precision` ("fp32" or "fp16"), `tf32` (false), `latency` (None).
Writes `outputs.safetensors`; details as `gpu.record` gives them. CUDA 11.8 and cuDNN 8 come from the system: the
wheel of Paddle 2.6.2 brings none.
"""

from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors
from gpu import record

GRAPHS = ("inference.pdmodel", "inference.json")
PARAMETERS = "inference.pdiparams"
INITIAL_MEMORY_MB = 512


class GpuPredictor:
    """A Paddle Inference predictor on GPU 0. Raises Refusal where this Paddle has no CUDA, or finds no GPU."""

    def __init__(self, folder: Path, precision: str, *, tf32: bool) -> None:
        paddle = import_paddle()
        check_gpu(paddle)
        # On by default, both (Paddle 2.6.2: paddle/phi/backends/gpu).
        paddle.base.core.set_cublas_switch(tf32)
        paddle.base.core.set_cudnn_switch(tf32)
        graph = next(folder / name for name in GRAPHS if (folder / name).exists())
        if graph.suffix == ".json" and paddle.__version__.startswith("2."):
            raise Refusal(
                f"Paddle {paddle.__version__} does not read a program of Paddle 3",
                "Name an environment with a paddlepaddle-gpu 3: --python PATH",
                kind="input",
            )
        config = paddle.inference.Config(str(graph), str(folder / PARAMETERS))
        half = paddle.inference.PrecisionType.Half
        config.enable_use_gpu(INITIAL_MEMORY_MB, 0, *([half] if precision == "fp16" else []))
        config.disable_glog_info()
        config.enable_memory_optim()
        self._predictor = paddle.inference.create_predictor(config)

    def run(self, inputs: Tensors) -> Tensors:
        """One batch by input name; every output by name, in FP32."""
        for name, value in inputs.items():
            self._predictor.get_input_handle(name).copy_from_cpu(value)
        self._predictor.run()
        return {
            name: self._predictor.get_output_handle(name).copy_to_cpu().astype(np.float32)
            for name in self._predictor.get_output_names()
        }


def import_paddle() -> Any:
    """Paddle, after the zlib that it must not replace (see converters/paddle/paddle_runtime.py)."""
    import zlib  # noqa: F401  isort: skip
    import paddle

    return paddle


def check_gpu(paddle: Any) -> None:
    """Raise Refusal (absent) where `enable_use_gpu` would only warn and compute on the CPU."""
    if not paddle.is_compiled_with_cuda():
        raise Refusal(
            f"it needs Paddle with CUDA, and Paddle {paddle.__version__} here is built for the CPU alone",
            "Name an environment with paddlepaddle-gpu: --python PATH",
            kind="absent",
        )
    if paddle.device.cuda.device_count() == 0:
        raise Refusal(
            f"it needs an NVIDIA GPU that Paddle can use, and Paddle {paddle.__version__} finds none",
            f"It is built for CUDA {paddle.version.cuda()} and cuDNN {paddle.version.cudnn()}: install them, or name "
            "an environment with another paddlepaddle-gpu: --python PATH",
            kind="absent",
        )


def load(request: Request) -> GpuPredictor:
    """The predictor that the request asks for."""
    options = request.options
    if (precision := options.get("precision", "fp32")) not in ("fp32", "fp16"):
        raise Refusal(f"Paddle computes in fp32 or fp16, not {precision}", kind="input")
    return GpuPredictor(request.inputs["program"], precision, tf32=bool(options.get("tf32", False)))


def libraries() -> dict[str, str]:
    """Paddle's version, however it was installed, and the CUDA and cuDNN that it was built for."""
    paddle = import_paddle()
    built = {"CUDA (build)": str(paddle.version.cuda()), "cuDNN (build)": str(paddle.version.cudnn())}
    return {"paddlepaddle-gpu": paddle.__version__, **built}


def job(request: Request) -> dict[str, Any]:
    """`gpu.record` with Paddle Inference."""
    return record(load, request, libraries)


if __name__ == "__main__":
    main(job, tools=("paddlepaddle-gpu",))
