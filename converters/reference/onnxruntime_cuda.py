# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "onnxruntime-gpu==1.31.1",
#     "flatbuffers==25.12.19",
#     "numpy==2.4.6",
#     "nvidia-cublas==13.10.0.20",
#     "nvidia-cuda-nvrtc==13.5.37",
#     "nvidia-cuda-runtime==13.5.37",
#     "nvidia-cudnn-cu13==9.28.1.4",
#     "nvidia-cufft==12.5.0.14",
#     "nvidia-curand==10.4.5.25",
#     "nvidia-nvjitlink==13.5.37",
#     "packaging==26.3",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
# ]
# ///
"""Run an ONNX model with ONNX Runtime's CUDA provider in FP32, TF32 off unless it is allowed.

Inputs: `onnx`, `tensors`. Options: `batch`, `tf32` (false), `precision` ("fp32"), `latency` (None). Writes
`outputs.safetensors`; details as `gpu.record` gives them.
"""

from pathlib import Path
from typing import Any

from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors
from gpu import record

PROVIDER = "CUDAExecutionProvider"


class CudaSession:
    """One model on CUDA's device 0. Raises Refusal (absent) where ONNX Runtime would compute on the CPU instead."""

    def __init__(self, path: Path, *, tf32: bool) -> None:
        import onnxruntime

        # CUDA and cuDNN from their wheels, where they are installed as such.
        onnxruntime.preload_dlls()
        # Chosen by rule, not by timing: two recordings on one machine then run the same kernels.
        options = {"use_tf32": str(int(tf32)), "cudnn_conv_algo_search": "HEURISTIC"}
        self._session = onnxruntime.InferenceSession(path, providers=[(PROVIDER, options)])
        check_provider(self._session, tf32=tf32)

    def run(self, inputs: Tensors) -> Tensors:
        """Every output of one batch by name."""
        names = [value.name for value in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, inputs), strict=True))


def check_provider(session: Any, *, tf32: bool) -> None:
    """Raise Refusal where the session is not what was asked for.

    Without a usable GPU, ONNX Runtime 1.31.1 only logs "Failed to create CUDAExecutionProvider" and computes on the
    CPU: the list of providers is the one sign of it.
    """
    providers = session.get_providers()
    if PROVIDER not in providers:
        raise Refusal(
            f"it needs an NVIDIA GPU that ONNX Runtime can use, and ONNX Runtime fell back to {', '.join(providers)}",
            "Usually the driver is older than CUDA 13 needs (580): name an environment whose onnxruntime-gpu fits the "
            "driver with --python",
            kind="absent",
        )
    used = session.get_provider_options()[PROVIDER].get("use_tf32")
    if used != str(int(tf32)):
        raise Refusal(f"ONNX Runtime did not take the option use_tf32={int(tf32)} (it has {used})")


def load(request: Request) -> CudaSession:
    """The session that the request asks for."""
    if (precision := request.options.get("precision", "fp32")) != "fp32":
        raise Refusal(f"the CUDA provider computes an FP32 model in fp32, not {precision}", kind="input")
    return CudaSession(request.inputs["onnx"], tf32=bool(request.options.get("tf32", False)))


def libraries() -> dict[str, str]:
    """ONNX Runtime's own word for its version, however it was installed, and for the CUDA it was built with."""
    import onnxruntime

    return {
        "onnxruntime-gpu": onnxruntime.__version__,
        "CUDA (build)": str(getattr(onnxruntime, "cuda_version", "") or "unknown"),
    }


def job(request: Request) -> dict[str, Any]:
    """`gpu.record` with ONNX Runtime."""
    return record(load, request, libraries)


if __name__ == "__main__":
    main(job, tools=("onnxruntime-gpu", "nvidia-cudnn-cu13", "nvidia-cublas"))
